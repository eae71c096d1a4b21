/** Checks the certificates for connections to Redis. */
import type { PartialGeneral } from '../partial.js';
import type { Files } from '../files.js';
import type { Report } from '../problem.js';
import { checkAuthorities, checkOwnPair } from './certificates.js';

/** Checks the files of `redis.tls`. */
export function checkRedis({ redis }: PartialGeneral, files: Files, report: Report): void {
  if (typeof redis?.tls !== 'object') return;
  const path = ['redis', 'tls'];
  const { ca, cert, key } = redis.tls;
  if (ca !== undefined) checkAuthorities([...path, 'ca'], ca, files, report);
  checkOwnPair(path, { cert, key }, files, report);
}
