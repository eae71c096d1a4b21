/** Checks the listening addresses: the admin address must never be the public one. */
import { isIP } from 'node:net';
import type { PartialGeneral } from '../partial.js';
import type { Files } from '../files.js';
import type { Path, Report } from '../problem.js';
import type { Address } from '../schema/listen.js';
import { formatDuration } from '../../model/duration.js';
import { checkListenTls } from './certificates.js';

/** Checks the TLS files of both listeners, and that their addresses differ. */
export function checkListeners(
  { listen, admin }: PartialGeneral,
  files: Files,
  isPresent: (path: Path) => boolean,
  report: Report,
): void {
  if (listen?.tls) checkListenTls(['listen', 'tls'], listen.tls, files, report);
  const nested: Path = ['admin', 'listen', 'tls'];
  if (admin?.tls) checkListenTls(isPresent(nested) ? nested : ['admin', 'tls'], admin.tls, files, report);
  if (!listen || !admin || !collide(listen, admin)) return;
  const last = isPresent(['admin']) ? 'admin' : 'listen';
  report(
    [last],
    `"listen" and "admin" have one address (port ${admin.port}); health and metrics must not be public`,
  );
}

/** Checks that there are proxies whose `client_ip_header` is trusted. */
export function checkClientIpHeader(
  { client_ip_header: header, trust_proxy: trusted }: PartialGeneral,
  report: Report,
): void {
  // A faulty list is reported by itself.
  if (header === undefined || trusted === undefined || trusted.length > 0) return;
  report(
    ['client_ip_header'],
    '"client_ip_header" needs "trust_proxy": the field is trusted from these addresses only',
    'key',
  );
}

/** Checks that the delay is within the drain; a drain that only waits would cut every request at its end. */
export function checkDrain(
  { drain_timeout: timeout, drain_delay: delay }: PartialGeneral,
  report: Report,
): void {
  if (delay === undefined || timeout === undefined || delay <= timeout) return;
  report(
    ['drain_delay'],
    `"drain_delay" must be at most drain_timeout (${formatDuration(timeout)}), which it is a part of`,
  );
}

/** Whether two listeners cannot both be bound, as far as their texts show. */
export function collide(one: Address, other: Address): boolean {
  if (one.port !== other.port || one.port === 0) return false;
  const [first, second] = [canonical(one.host), canonical(other.host)];
  return first === second || first === '*' || second === '*';
}

function canonical(host: string): string {
  const name = host.toLowerCase();
  if (isIP(name) === 6) {
    const short = new URL(`http://[${name}]`).hostname;
    return short === '[::]' ? '*' : short;
  }
  if (name === '0.0.0.0') return '*';
  return name === 'localhost' ? '127.0.0.1' : name;
}
