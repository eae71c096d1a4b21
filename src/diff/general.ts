/** Compares the keys of the file that belong to no issuer, upstream or route. */
import { isDeepStrictEqual } from 'node:util';
import { isLoopback } from '../model/loopback.js';
import type { ListenAddress, RedisServers, Settings } from '../model/settings.js';
import { widened, type Change, type FilePath, type Finding } from './change.js';
import { compareCors } from './cors.js';
import { durationText, listText } from './words.js';

/** Returns how listeners, paths, keys' ages, counting and the file's CORS rules differ. */
export function compareGeneral(old: Settings, now: Settings): readonly Change[] {
  const at = (findings: readonly Finding[], ...path: FilePath): readonly Change[] =>
    findings.map((finding) => ({ ...finding, subject: path.join('.'), old: path, new: path }));
  return [
    ...at(compareListener(old.listen, now.listen), 'listen'),
    ...at(compareListener(old.admin, now.admin), 'admin'),
    ...at(compareHosts(old, now), 'admin'),
    ...at(compareSemicolon(old, now), 'allow_semicolon'),
    ...at(compareAge(old.jwksMaxAgeMs, now.jwksMaxAgeMs), 'jwks_max_age'),
    ...at(compareAge(old.jwksMaxStaleMs, now.jwksMaxStaleMs), 'jwks_max_stale'),
    ...at(compareCache(old.jwksCache, now.jwksCache, 'issuer'), 'jwks_cache'),
    ...at(
      compareCache(old.revocationCache, now.revocationCache, 'source of revocations'),
      'revocation_cache',
    ),
    ...at(compareRedis(old, now), 'redis'),
    ...at(compareMaxKeys(old, now), 'limits', 'max_keys'),
    ...at(compareLimitStatus(old, now), 'limit_status'),
    ...at(compareCors(old.cors, now.cors), 'cors'),
  ];
}

function compareListener(old: ListenAddress | undefined, now: ListenAddress | undefined): readonly Finding[] {
  if (!old || !now) return [];
  const findings: Finding[] = [];
  const text = ({ host, port }: ListenAddress) => `${host}:${port}`;
  if (text(old) !== text(now)) {
    const isOpened = isLoopback(old.host) && !isLoopback(now.host);
    findings.push({
      effect: isOpened ? 'loosened' : 'changed',
      kind: 'listen',
      text: `${text(now)} instead of ${text(old)}${isOpened ? ': other machines can connect' : ''}`,
    });
  }
  if ((old.tls === undefined) !== (now.tls === undefined))
    findings.push({ effect: 'changed', kind: 'listen', text: now.tls ? 'with TLS' : 'without TLS' });
  if (old.tls?.clientCa !== now.tls?.clientCa) {
    const texts = now.tls?.clientCa === undefined ? 'not needed' : 'of other authorities';
    findings.push(
      old.tls?.clientCa === undefined
        ? widened(false, 'client_ca', 'certificates of clients: needed')
        : widened(true, 'client_ca', `certificates of clients: ${texts}`),
    );
  }
  return findings;
}

function compareHosts({ admin: old }: Settings, { admin: now }: Settings): readonly Finding[] {
  const added = now?.hosts.filter((host) => !old?.hosts.includes(host)) ?? [];
  return old && added.length > 0 ? [widened(true, 'host', `hosts: ${listText(added)} added`)] : [];
}

function compareSemicolon(old: Settings, now: Settings): readonly Finding[] {
  if (old.allowSemicolon === now.allowSemicolon) return [];
  const text = `paths with ";" are ${now.allowSemicolon ? 'accepted' : 'refused'}`;
  return [widened(now.allowSemicolon, 'allow_semicolon', text)];
}

/** A key that its issuer has withdrawn is used for longer. */
function compareAge(old: number, now: number): readonly Finding[] {
  if (old === now) return [];
  return [widened(now > old, 'keys', `${durationText(now)} instead of ${durationText(old)}`)];
}

function compareCache(old: string | undefined, now: string | undefined, source: string): readonly Finding[] {
  if ((old === undefined) === (now === undefined)) return [];
  const isKept = now !== undefined;
  const text = `a start while the ${source} is unavailable ${isKept ? 'uses what was last known' : 'refuses callers'}`;
  return [widened(isKept, 'cache', text)];
}

/**
 * Without Redis each process counts alone. Without a registry the revocations are in Redis, so that another place has others.
 * Its address is not shown, since it may have a password.
 */
function compareRedis(old: Settings, now: Settings): readonly Finding[] {
  if (!old.redis) {
    const text = 'all gateways count together, in Redis';
    return now.redis ? [{ effect: 'changed', kind: 'redis', text }] : [];
  }
  if (!now.redis)
    return [widened(true, 'redis', 'each process counts alone, and knows no revocations of Redis')];
  const { servers: before, keyPrefix: prefix } = old.redis;
  const { servers: after, keyPrefix } = now.redis;
  if (prefix === keyPrefix && isDeepStrictEqual(placeOf(before), placeOf(after))) return [];
  if (now.tokens) return [{ effect: 'changed', kind: 'redis', text: 'another place: counts begin anew' }];
  return [widened(true, 'redis', 'another place: counts begin anew, and its revocations are others')];
}

/** The servers without their credentials. */
function placeOf(servers: RedisServers): object {
  switch (servers.kind) {
    case 'single':
      return [servers.address, servers.db];
    case 'sentinel':
      return [servers.name, servers.sentinels];
    case 'cluster':
      return servers.nodes;
  }
}

/** Where the store is full, `open` admits what it cannot count. */
function compareMaxKeys(old: Settings, now: Settings): readonly Finding[] {
  if (old.maxLimitKeys === now.maxLimitKeys) return [];
  const isOpen = now.routes.some(({ limits, onFailure }) => limits.length > 0 && onFailure === 'open');
  const text = `${now.maxLimitKeys} counts are kept instead of ${old.maxLimitKeys}`;
  return now.maxLimitKeys < old.maxLimitKeys && isOpen
    ? [widened(true, 'max_keys', `${text}, and on_failure: open admits the rest`)]
    : [{ effect: 'changed', kind: 'max_keys', text }];
}

/** The endpoint tells callers about their own limits alone. */
function compareLimitStatus(
  { limitStatus: old }: Settings,
  { limitStatus: now }: Settings,
): readonly Finding[] {
  if (old === now) return [];
  const text = now === undefined ? `no longer at ${old}` : `any valid token can read its limits at ${now}`;
  return [{ effect: 'changed', kind: 'limit_status', text }];
}
