/** Compares what upstreams get and how they are called. */
import { isDeepStrictEqual } from 'node:util';
import { plainName } from '../model/identity-fields.js';
import type { Settings } from '../model/settings.js';
import type { Upstream } from '../model/upstream.js';
import { placeOf, widened, type Change, type Finding } from './change.js';
import { durationText, listText } from './words.js';

type Show = (value: never) => string;

/** What of an upstream callers may notice: the key of the file, and its value in words. */
const KEYS: readonly (readonly [keyof Upstream, key: string, show: Show | undefined])[] = [
  ['targets', 'targets', (targets: Upstream['targets']) => listText(targets.map(({ origin }) => origin))],
  ['connectTimeoutMs', 'connect_timeout', durationText],
  ['timeoutMs', 'timeout', durationText],
  ['idleTimeoutMs', 'idle_timeout', durationText],
  ['tunnelIdleMs', 'tunnel_idle', durationText],
  ['retries', 'retries', String],
  ['maxConnections', 'max_connections', String],
  ['maxTunnels', 'max_tunnels', String],
  ['forwardAuthorization', 'forward_authorization', String],
  ['host', 'host', String],
  ['balance', 'balance', String],
  ['tls', 'tls', undefined],
  ['health', 'health', undefined],
  ['ejection', 'ejection', undefined],
  ['breaker', 'breaker', undefined],
];

/**
 * Returns how the upstreams differ. A field that clients could not send to an upstream, and now can, is loosened: the
 * upstream may believe it. The rest changes what upstreams get, not whose requests they get.
 */
export function compareUpstreams(old: Settings, now: Settings): readonly Change[] {
  const changes: Change[] = [];
  for (const upstream of now.upstreams) {
    const before = old.upstreams.find(({ name }) => name === upstream.name);
    if (!before) continue;
    const place = ['upstreams', upstream.name];
    const findings = [...compareKeys(before, upstream), ...compareHeaders(before, upstream)];
    const subject = `upstream ${upstream.name}`;
    for (const finding of findings) {
      const at = placeOf(place, finding);
      changes.push({ ...finding, subject, old: at, new: at });
    }
  }
  const freed = old.identityFields.filter((field) => !now.identityFields.includes(field));
  if (freed.length > 0) {
    const text = `headers: ${listText(freed)} not from claims any more: clients can send it themselves`;
    const place = { subject: 'upstreams', old: ['upstreams'], new: ['upstreams'] };
    changes.push({ ...widened(true, 'headers', text), ...place });
  }
  return changes;
}

function compareKeys(old: Upstream, now: Upstream): readonly Finding[] {
  return KEYS.filter(([name]) => !isDeepStrictEqual(old[name], now[name])).map(([name, key, show]) => ({
    effect: 'changed',
    kind: key,
    text: show
      ? `${key}: ${show(now[name] as never)} instead of ${show(old[name] as never)}`
      : `${key} differs`,
  }));
}

/** Values are not shown: they may be credentials for the upstream. */
function compareHeaders(old: Upstream, now: Upstream): readonly Finding[] {
  const findings: Finding[] = [];
  const stripped = new Set([
    ...now.headers.remove,
    ...[...now.headers.set, ...now.headers.claims].map(([name]) => name.toLowerCase()),
  ]);
  const freed = old.headers.remove.filter(
    (name) => !stripped.has(name) && !now.identityFields.includes(plainName(name)),
  );
  if (freed.length > 0) {
    const text = `headers.remove: ${listText(freed)} of clients reaches it`;
    findings.push(widened(true, 'headers', text));
  }
  const removed = now.headers.remove.filter((name) => !old.headers.remove.includes(name));
  if (removed.length > 0)
    findings.push(
      widened(false, 'headers', `headers.remove: ${listText(removed)} of clients does not reach it`),
    );
  const fields = [
    ...changedNames(old.headers.set, now.headers.set),
    ...changedNames(old.headers.claims, now.headers.claims),
  ];
  if (fields.length > 0)
    findings.push({ effect: 'changed', kind: 'headers', text: `headers.set: ${listText(fields)} differs` });
  return findings;
}

type Fields = readonly (readonly [name: string, value: string])[];

function changedNames(old: Fields, now: Fields): readonly string[] {
  const before = new Map(old);
  const after = new Map(now);
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name));
}
