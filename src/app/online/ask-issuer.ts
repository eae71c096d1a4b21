/** Reads the keys of an issuer for `check --online`, as the gateway does. */
import { randomUUID } from 'node:crypto';
import { selectUsable } from '../../authenticate/jwk.js';
import { createJwkSet } from '../../authenticate/jwk-set.js';
import { createJwksFileCaches } from '../../authenticate/jwks-file-cache.js';
import { logFieldsOf } from '../../authenticate/key-source-error.js';
import { createReadDocument } from '../../authenticate/key-source.js';
import type { Issuer, KeySource } from '../../model/issuer.js';
import type { Settings } from '../../model/settings.js';
import { noReply, DependencyError, errorOfCode } from './advice.js';
import { SILENT } from './silent.js';
import { aborted } from './within.js';

const KEYS = { address: '"jwks" or "issuer"', ca: '"tls.ca"', serverName: '"tls.server_name"' };

/** Returns where the keys are, without what may be secret in a URL. */
export function placeOfKeys(keys: KeySource): string {
  if (keys.kind === 'file' || keys.kind === 'public_key_file') return keys.path;
  if (keys.kind !== 'url' && keys.kind !== 'discovery') return 'in the file';
  const url = keys.kind === 'url' ? keys.url : (keys.url ?? keys.issuer);
  if (!URL.canParse(url)) return 'a URL';
  const { origin, pathname } = new URL(url);
  return pathname === '/' ? origin : origin + pathname;
}

/** Resolves to the number of usable keys. Keys that are cached on disk are read, and not changed. */
export async function askIssuer(
  issuer: Issuer,
  settings: Settings,
  now: () => number,
  signal: AbortSignal,
): Promise<string> {
  try {
    const late = (): Error => new DependencyError(noReply(KEYS.address));
    const document = await Promise.race([createReadDocument(issuer.keys)(signal), aborted(signal, late)]);
    const { size } = await createJwkSet(selectUsable(document, issuer));
    if (size > 0) return `${size} usable ${size === 1 ? 'key' : 'keys'}`;
    throw new DependencyError(
      `none of its keys can be used with ${issuer.algorithms.join(', ')}; correct "algorithms", or the keys there`,
    );
  } catch (error) {
    const { message } = error instanceof DependencyError ? error : errorOfReading(error);
    throw new DependencyError(message + (await cachedText(issuer, settings, now)), { cause: error });
  }
}

function errorOfReading(error: unknown): DependencyError {
  const { reason, url, found, expected } = logFieldsOf(error);
  const names = found === undefined ? '' : `: it names ${found}, the file ${expected}`;
  const what = /^[a-z]/.test(reason) ? `${url ?? 'it'} ${reason}${names}; correct ${KEYS.address}` : reason;
  return errorOfCode(reason, what, KEYS);
}

/** How old the last good keys are, with which a gateway would start. */
async function cachedText(issuer: Issuer, settings: Settings, now: () => number): Promise<string> {
  const { jwksCache, jwksMaxStaleMs } = settings;
  const { kind } = issuer.keys;
  if (jwksCache === undefined || (kind !== 'url' && kind !== 'discovery')) return '';
  const open = createJwksFileCaches(jwksCache, {
    now,
    newId: randomUUID,
    log: SILENT,
    maxStaleMs: jwksMaxStaleMs,
  });
  const cached = await open(issuer).load();
  if (!cached) return '; there are no earlier keys on disk';
  const ageMs = now() - cached.readAtMs;
  const use = ageMs <= jwksMaxStaleMs ? 'are used meanwhile' : 'are too old';
  return `; its last keys on disk are ${Math.round(ageMs / 60_000)} min old and ${use}`;
}
