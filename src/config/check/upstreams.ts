/** Checks of the upstreams. */
import type { Draft } from '../draft.js';
import type { Files } from '../files.js';
import type { Report } from '../problem.js';
import { checkAuthorities, checkPair } from './certificates.js';

export function checkUpstreams({ upstreams }: Draft, files: Files, report: Report): void {
  for (const [name, { targets, tls }] of upstreams) {
    if (!tls) continue;
    const path = ['upstreams', name, 'tls'];
    const { ca, cert, key } = tls;
    if (ca !== undefined) checkAuthorities([...path, 'ca'], ca, files, report);
    if (cert !== undefined && key !== undefined) checkPair(path, { cert, key }, files, report);
    else if (cert !== undefined) report([...path, 'cert'], '"cert" needs its "key" beside it', 'key');
    else if (key !== undefined) report([...path, 'key'], '"key" needs its "cert" beside it', 'key');
    const plain = targets?.find(({ origin }) => origin.startsWith('http:'));
    if (plain) report(path, `"tls" is for https targets; ${plain.origin} is http`, 'key');
  }
}
