/** Compares the keys of an issuer in two configurations. Never shows a key or a secret. */
import { createPublicKey } from 'node:crypto';
import type { Issuer, KeyRequest, KeySource } from '../model/issuer.js';
import { widened, type Finding } from './change.js';

/** Returns the text of a file; undefined where it cannot be read. */
export type ReadText = (path: string) => string | undefined;

/**
 * A token without `kid` is verified with the first four keys of a set that fit it, so taking a key out of a larger set can
 * make room for another one.
 */
const MOST_INDEPENDENT_KEYS = 4;

/** Keys that are known, as texts to compare, or where they are requested. */
interface Material {
  /** Equal only for keys that are used in the same way. */
  readonly use: string;
  /** Undefined where they are not known. */
  readonly keys: readonly string[] | undefined;
  /** In words. */
  readonly text: string;
}

/**
 * Returns how the keys differ. Keys of which some are gone are stricter; any other difference is loosened: another key
 * verifies other tokens.
 */
export function compareKeys(old: Issuer, now: Issuer, readText: ReadText): readonly Finding[] {
  const before = materialOf(old.keys, readText);
  const after = materialOf(now.keys, readText);
  const requests = compareRequests(requestOf(old.keys), requestOf(now.keys));
  if (before.use !== after.use)
    return [widened(true, 'keys', `keys: ${after.text} instead of ${before.text}`), ...requests];
  const isSameFile =
    old.keys.kind === now.keys.kind &&
    'path' in old.keys &&
    'path' in now.keys &&
    old.keys.path === now.keys.path;
  if (isSameFile || before.keys === after.keys) return requests;
  if (before.keys === undefined || after.keys === undefined)
    return [
      widened(true, 'keys', `keys: ${after.text}, and not all of them can be read to compare`),
      ...requests,
    ];
  const { keys } = before;
  const added = after.keys.filter((key) => !keys.includes(key)).length;
  const removed = keys.filter((key) => !after.keys!.includes(key)).length;
  if (added > 0)
    return [widened(true, 'keys', `keys: ${after.text} has ${added} other than before`), ...requests];
  if (removed === 0) return requests;
  const isLoosened = keys.length > MOST_INDEPENDENT_KEYS;
  return [widened(isLoosened, 'keys', `keys: ${removed} fewer`), ...requests];
}

function materialOf(source: KeySource, readText: ReadText): Material {
  switch (source.kind) {
    case 'inline':
      return { use: 'set', keys: entriesOf(source.jwks), text: 'the JWKS in the file' };
    case 'file':
      return { use: 'set', keys: entriesOfText(readText(source.path)), text: 'the JWKS of a file' };
    case 'public_key':
      return { use: 'public key', keys: publicKeyOf(source.pem), text: 'the public key in the file' };
    case 'public_key_file':
      return {
        use: 'public key',
        keys: publicKeyOf(readText(source.path)),
        text: 'the public key of a file',
      };
    case 'secret':
      return { use: 'secret', keys: [source.secret], text: 'a secret' };
    case 'own':
      return { use: 'own', keys: [], text: 'those of the token service' };
    case 'url':
      return { use: `url ${source.url}`, keys: [], text: `the JWKS at ${withoutQuery(source.url)}` };
    case 'discovery': {
      const url = source.url ?? `${source.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
      return { use: `discovery ${url}`, keys: [], text: `those found through ${withoutQuery(url)}` };
    }
  }
}

/** A query may have a credential. */
function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '?…');
}

function entriesOfText(text: string | undefined): readonly string[] | undefined {
  try {
    return text === undefined ? undefined : entriesOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function entriesOf(jwks: unknown): readonly string[] | undefined {
  const keys: unknown = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : undefined;
  return Array.isArray(keys) ? keys.map(canonical) : undefined;
}

/** The same text for the same entry, whatever the order of its members. */
function canonical(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return JSON.stringify(entry);
  return JSON.stringify(Object.entries(entry).sort(([one], [other]) => (one < other ? -1 : 1)));
}

function publicKeyOf(pem: string | undefined): readonly string[] | undefined {
  try {
    return pem === undefined
      ? undefined
      : [createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64')];
  } catch {
    return undefined;
  }
}

function requestOf(source: KeySource): KeyRequest | undefined {
  return 'request' in source ? source.request : undefined;
}

/** Another authority, or none, can stand for another set of keys. */
function compareRequests(old: KeyRequest | undefined, now: KeyRequest | undefined): readonly Finding[] {
  const findings: Finding[] = [];
  const isSame = (read: (request: KeyRequest | undefined) => unknown) =>
    JSON.stringify(read(old)) === JSON.stringify(read(now));
  if (!isSame((request) => request?.tls?.ca))
    findings.push(widened(true, 'keys', 'keys: the authorities that they are requested with differ'));
  if (!isSame((request) => request?.tls?.serverName))
    findings.push(widened(true, 'keys', 'keys: the name that the server of the keys must have differs'));
  if ((now?.insecureHttp ?? false) !== (old?.insecureHttp ?? false))
    findings.push(
      widened(
        now?.insecureHttp === true,
        'keys',
        `keys: insecure_http is ${String(now?.insecureHttp ?? false)}`,
      ),
    );
  if (!isSame((request) => request?.headers) || !isSame((request) => [request?.tls?.cert, request?.tls?.key]))
    findings.push({
      effect: 'changed',
      kind: 'keys',
      text: 'keys: they are requested with other credentials',
    });
  return findings;
}
