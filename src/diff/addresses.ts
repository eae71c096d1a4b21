/** Compares whose word about a client's address is believed. */
import type { Settings } from '../model/settings.js';
import { widened, type Change, type Finding } from './change.js';
import { uncoveredBlocks } from './networks.js';
import { listText } from './words.js';

/** Returns how `trust_proxy` and `client_ip_header` differ. */
export function compareAddresses(old: Settings, now: Settings): readonly Change[] {
  const at = (key: string) => ({ subject: key, old: [key], new: [key] });
  return [
    ...compareTrust(old, now).map((finding) => ({ ...finding, ...at('trust_proxy') })),
    ...compareHeader(old, now).map((finding) => ({ ...finding, ...at('client_ip_header') })),
  ];
}

function compareTrust(old: Settings, now: Settings): readonly Finding[] {
  const added = uncoveredBlocks(now.trustProxy, old.trustProxy);
  const removed = uncoveredBlocks(old.trustProxy, now.trustProxy);
  const findings: Finding[] = [];
  if (added.length > 0)
    findings.push(
      widened(true, 'trust_proxy', `${listText(added)} added: what they say of clients is believed`),
    );
  if (removed.length > 0) {
    const isCounted = old.routes.some(({ limits }) => limits.some(({ by }) => by === 'ip'));
    const hasCookies = old.issuers.some(({ tokenFrom }) => tokenFrom.some(({ kind }) => kind === 'cookie'));
    // One client behind two of these proxies is then two clients, and the host that it addressed is another one.
    const text = `${listText(removed)} removed: clients behind them are known by the proxy's address`;
    findings.push(widened(isCounted || hasCookies, 'trust_proxy', text));
  }
  return findings;
}

function compareHeader(old: Settings, now: Settings): readonly Finding[] {
  if (old.clientIpHeader?.toLowerCase() === now.clientIpHeader?.toLowerCase()) return [];
  const text = `the client's address is from ${fieldText(now)} instead of ${fieldText(old)}`;
  return [widened(true, 'client_ip_header', text)];
}

function fieldText({ clientIpHeader }: Settings): string {
  return clientIpHeader ?? 'the forwarding chain';
}
