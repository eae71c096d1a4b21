/** Checks the TLS settings of the upstreams, and the fields that they get. */
import { plainName } from '../../model/identity-fields.js';
import type { PartialConfig, PartialUpstream } from '../partial.js';
import type { Files } from '../files.js';
import type { Report, Warn } from '../problem.js';
import { ClaimReference } from '../schema/upstream-headers.js';
import { checkAuthorities, checkOwnPair } from './certificates.js';
import { resemblesPath } from './dotted-claims.js';

/**
 * Checks the files of each `tls`, that its upstream has https targets only, that no claim is sent in `client_ip_header`, and
 * that no field is both set and removed.
 */
export function checkUpstreams(
  { upstreams, general }: PartialConfig,
  files: Files,
  report: Report,
  warn: Warn,
): void {
  for (const [name, { targets, tls, headers }] of upstreams) {
    checkClaimFields(name, headers, general.client_ip_header, report, warn);
    checkRemovedFields(name, headers, report);
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

/** What is set replaces what the client sent, so a field that is removed too is a mistake in one of the lists. */
function checkRemovedFields(upstream: string, headers: PartialUpstream['headers'], report: Report): void {
  const set = new Set(Object.keys(headers?.set ?? {}).map((name) => name.toLowerCase()));
  for (const [index, name] of headers?.remove.entries() ?? []) {
    if (!set.has(name.toLowerCase())) continue;
    report(
      ['upstreams', upstream, 'headers', 'remove', index],
      `"${name}" is in "set" too, which replaces the client's field; take it out of one of them`,
    );
  }
}

function checkClaimFields(
  upstream: string,
  headers: PartialUpstream['headers'],
  clientIpHeader: string | undefined,
  report: Report,
  warn: Warn,
): void {
  const plainOf = (name: string) => plainName(name.toLowerCase());
  for (const [name, value] of Object.entries(headers?.set ?? {})) {
    if (!(value instanceof ClaimReference)) continue;
    const path = ['upstreams', upstream, 'headers', 'set', name];
    if (clientIpHeader !== undefined && plainOf(name) === plainOf(clientIpHeader))
      report(path, `"${name}" is client_ip_header, the address of the client`, 'key');
    if (resemblesPath(value.claim))
      warn(
        path,
        `"${value.claim}" is the name of one claim, dots included; a claim in an object cannot be sent`,
      );
  }
}
