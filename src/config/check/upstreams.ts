/** Checks the TLS settings of the upstreams. */
import type { PartialConfig } from '../partial.js';
import type { Files } from '../files.js';
import type { Report, Warn } from '../problem.js';
import { checkAuthorities, checkOwnPair } from './certificates.js';

/** Checks the files of each `tls`, and that its upstream has https targets only. */
export function checkUpstreams({ upstreams }: PartialConfig, files: Files, report: Report, warn: Warn): void {
  for (const [name, { targets, tls }] of upstreams) {
    if (!tls) continue;
    const path = ['upstreams', name, 'tls'];
    const { ca, cert, key, insecure } = tls;
    if (ca !== undefined) checkAuthorities([...path, 'ca'], ca, files, report);
    checkOwnPair(path, { cert, key }, files, report);
    const plain = targets?.find(({ origin }) => origin.startsWith('http:'));
    if (insecure) warn([...path, 'insecure'], 'the certificates of the targets are not verified', true);
    if (plain) report(path, `"tls" is for https targets; ${plain.origin} is http`, 'key');
  }
}
