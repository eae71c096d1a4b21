/**
 * Authenticate, the fence before the verifier: a token's text to its header and payload (RFC 7515 7.1).
 *
 * The verifier behind it is lenient where JWS is not: it takes several spellings of one signature, doubled names,
 * `crit` and payloads that are no object. Whatever could be read in two ways ends here.
 */
import { isUtf8 } from 'node:buffer';
import { Refusal } from '../model/refusal.js';
import { hasDoubledName } from './doubled-name.js';
import { INVALID_TOKEN } from './refusals.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface CompactToken {
  readonly header: {
    readonly alg: string;
    readonly kid: string | undefined;
  };
  readonly payload: JsonObject;
}

/** One character is one byte: the token's syntax is ASCII. */
const MAX_TOKEN_BYTES = 8192;

/** RFC 7519 5.1 and RFC 9068 4; a media type may leave out its `application/` (RFC 7515 4.1.9). */
const ACCEPTED_TYPES: ReadonlySet<string> = new Set([
  'jwt',
  'at+jwt',
  'application/jwt',
  'application/at+jwt',
]);

export function readCompact(token: string): CompactToken | Refusal {
  if (token.length > MAX_TOKEN_BYTES) return INVALID_TOKEN.tooLarge;
  const [first, second, third, ...more] = token.split('.', 4);
  if (!first || !second || !third || more.length > 0) return INVALID_TOKEN.malformed;
  if (!decode(third)) return INVALID_TOKEN.malformed;
  const header = readObject(first);
  if (header instanceof Refusal) return header;
  const flaw = flawOfHeader(header);
  if (flaw) return flaw;
  const { alg, kid } = header;
  if (typeof alg !== 'string') return INVALID_TOKEN.algorithm;
  if (kid !== undefined && typeof kid !== 'string') return INVALID_TOKEN.unknownKey;
  const payload = readObject(second);
  if (payload instanceof Refusal) return payload;
  return { header: { alg, kid }, payload };
}

function flawOfHeader(header: JsonObject): Refusal | undefined {
  // No extension is understood, so none may be critical (RFC 7515 4.1.11); b64 changes what is signed (RFC 7797 3).
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64')) return INVALID_TOKEN.critical;
  const { typ } = header;
  if (typ === undefined) return undefined;
  if (typeof typ !== 'string' || !ACCEPTED_TYPES.has(typ.toLowerCase())) return INVALID_TOKEN.type;
  return undefined;
}

function readObject(part: string): JsonObject | Refusal {
  const bytes = decode(part);
  if (!bytes || !isUtf8(bytes)) return INVALID_TOKEN.malformed;
  const text = bytes.toString('utf8');
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return INVALID_TOKEN.malformed;
  return hasDoubledName(text) ? INVALID_TOKEN.doubledName : (value as JsonObject);
}

/** Decodes the one canonical spelling of base64url: no padding, no stray bits in the last character (RFC 4648 3.5). */
function decode(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
