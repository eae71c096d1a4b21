/** Checks of the upstreams. */
import type { Draft } from '../draft.js';
import type { Files } from '../files.js';
import type { Report } from '../problem.js';
import { checkAuthorities } from './certificates.js';

export function checkUpstreams({ upstreams }: Draft, files: Files, report: Report): void {
  for (const [name, { targets, tls }] of upstreams) {
    if (!tls) continue;
    const path = ['upstreams', name, 'tls'];
    checkAuthorities([...path, 'ca'], tls.ca, files, report);
    if (targets?.some(({ origin }) => origin.startsWith('http:'))) {
      report(path, '"tls" is for https targets; this one is http', 'key');
    }
  }
}
