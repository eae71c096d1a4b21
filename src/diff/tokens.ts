/** Compares the token service of two configurations: who can get tokens, and for how long. */
import { relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AppLimitSettings, RegistryLocation, TokenServiceSettings } from '../model/tokens.js';
import { widened, type Change, type Finding } from './change.js';
import { admitsNoMore } from './limits.js';
import { durationText } from './words.js';

/** A token service, with the folder in which its file is. */
interface Service {
  readonly tokens: TokenServiceSettings | undefined;
  readonly baseFolder: string;
}

/** The endpoints as the file names them. The first four issue tokens. */
const ENDPOINTS = [
  ['keySecret', 'key_secret'],
  ['clientCredentials', 'client_credentials'],
  ['password', 'password'],
  ['named', 'named'],
  ['whoami', 'whoami'],
  ['revoke', 'revoke'],
  ['introspect', 'introspect'],
] as const;
const ISSUING = new Set<string>(['key_secret', 'client_credentials', 'password', 'named']);

/** Returns how the token services differ. Its issuers are compared like others, in `issuers.ts`. */
export function compareTokens(old: Service, now: Service): readonly Change[] {
  const findings = findingsOf(old, now);
  return findings.map((finding) => ({
    ...finding,
    subject: 'tokens',
    old: old.tokens && ['tokens'],
    new: now.tokens && ['tokens'],
  }));
}

function findingsOf(old: Service, now: Service): readonly Finding[] {
  if (!now.tokens) {
    const text = 'no token service any more: the revocations in its registry are not known';
    return old.tokens ? [widened(true, 'tokens', text)] : [];
  }
  return [
    ...compareEndpoints(old.tokens, now.tokens),
    ...(old.tokens ? compareLifetimes(old.tokens, now.tokens) : []),
    ...(old.tokens ? compareProtection(old.tokens, now.tokens) : []),
    ...(old.tokens ? compareRegistry({ ...old, tokens: old.tokens }, { ...now, tokens: now.tokens }) : []),
  ];
}

function compareEndpoints(
  old: TokenServiceSettings | undefined,
  now: TokenServiceSettings,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [name, key] of ENDPOINTS) {
    const before = old?.endpoints[name];
    const after = now.endpoints[name];
    if (!before && after) {
      const text = `endpoint ${key} added at ${after.path}${ISSUING.has(key) ? ': it issues tokens' : ''}`;
      findings.push({ effect: ISSUING.has(key) ? 'loosened' : 'new', kind: 'endpoint', text });
    } else if (before && !after) {
      findings.push({
        effect: 'removed',
        kind: 'endpoint',
        text: `endpoint ${key} at ${before.path} removed`,
      });
    } else if (before && after && before.path !== after.path) {
      const text = `endpoint ${key} is at ${after.path} instead of ${before.path}`;
      findings.push({ effect: 'changed', kind: 'endpoint', text });
    }
  }
  const permissions = old?.endpoints.named?.permissions;
  for (const [name, number] of now.endpoints.named?.permissions ?? []) {
    if (permissions && permissions.get(name) !== number)
      findings.push(widened(true, 'permissions', `permission ${name} of named tokens is ${number}`));
  }
  return findings;
}

function compareLifetimes(
  { endpoints: old }: TokenServiceSettings,
  { endpoints: now }: TokenServiceSettings,
) {
  const findings: Finding[] = [];
  const compare = (key: string, before: number | undefined, after: number | undefined) => {
    if (before === after) return;
    const text = (ms: number | undefined) => (ms === undefined ? 'forever' : durationText(ms));
    findings.push(
      widened(
        (after ?? Infinity) > (before ?? Infinity),
        'lifetime',
        `tokens of ${key} are valid for ${text(after)} instead of ${text(before)}`,
      ),
    );
  };
  if (old.keySecret && now.keySecret)
    compare('key_secret', old.keySecret.lifetimeMs, now.keySecret.lifetimeMs);
  if (old.clientCredentials && now.clientCredentials)
    compare('client_credentials', old.clientCredentials.lifetimeMs, now.clientCredentials.lifetimeMs);
  if (old.password && now.password) {
    compare('password', old.password.lifetimeMs, now.password.lifetimeMs);
    compare('password (refresh)', old.password.refreshLifetimeMs, now.password.refreshLifetimeMs);
  }
  return findings;
}

/** More attempts in the same time, a shorter window or a shorter pause leave room for more guesses. */
function compareProtection(old: TokenServiceSettings, now: TokenServiceSettings): readonly Finding[] {
  const findings: Finding[] = [];
  const { failedAttempts: before } = old;
  const { failedAttempts: after } = now;
  if (!isDeepStrictEqual(before, after)) {
    const isLooser =
      after.attempts > before.attempts ||
      after.windowMs < before.windowMs ||
      after.cooldownMs < before.cooldownMs;
    const text = ({ attempts, windowMs, cooldownMs }: typeof before) =>
      `${attempts} per ${durationText(windowMs)}, then ${durationText(cooldownMs)}`;
    findings.push(
      widened(isLooser, 'failed_attempts', `failed_attempts: ${text(after)} instead of ${text(before)}`),
    );
  }
  for (const [name, key] of [
    ['issueLimit', 'issue_limit'],
    ['revokeLimit', 'revoke_limit'],
  ] as const) {
    const limit = old[name];
    if (isDeepStrictEqual(limit, now[name])) continue;
    const isKept = limit === undefined || (now[name] !== undefined && admitsNoMore([now[name]], limit));
    findings.push(widened(!isKept, key, `${key}: ${limitText(now[name])} instead of ${limitText(limit)}`));
  }
  return findings;
}

function limitText(limit: AppLimitSettings | undefined): string {
  return limit === undefined ? 'none' : `${limit.requests} per ${durationText(limit.windowMs)}`;
}

type Known = Service & { readonly tokens: TokenServiceSettings };

/** Another registry has other keys, apps and users. Its address is not shown, since it may have a password. */
function compareRegistry(old: Known, now: Known): readonly Finding[] {
  const before = locationOf(old.tokens.database, old.baseFolder);
  if (before === locationOf(now.tokens.database, now.baseFolder)) return [];
  return [
    widened(true, 'database', 'database: another registry, with other keys, apps, users and revocations'),
  ];
}

function locationOf(database: RegistryLocation, baseFolder: string): string {
  return database.kind === 'sqlite'
    ? `file ${relative(baseFolder, database.path)}`
    : `server ${database.url}`;
}
