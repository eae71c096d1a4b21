/**
 * Authenticate: parses a token into its header and payload before verification (RFC 7515 7.1).
 *
 * The verifier is more lenient than JWS: it accepts several encodings of one signature, duplicate names, `crit` and
 * payloads that are not objects. A token that could be read in two ways is refused here.
 */
import { isUtf8 } from 'node:buffer';
import { MAX_HEADER_BYTES } from '../model/bounds.js';
import { Refusal } from '../model/refusal.js';
import { tokenTypeOf } from '../model/token-type.js';
import { hasDuplicateKeys } from '../shared/duplicate-keys.js';
import { INVALID_TOKEN } from './refusals.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface ParsedJws {
  readonly header: {
    readonly alg: string;
    readonly kid: string | undefined;
    /** In its short lower-case form (`tokenTypeOf`); undefined where the header has none. */
    readonly typ: string | undefined;
  };
  readonly payload: JsonObject;
}

/** Parses a token of three parts; a refusal where it is ambiguous or its header is not usable. */
export function parseJws(token: string): ParsedJws | Refusal {
  // Our server accepts no longer header, but a library user's server may. The syntax is ASCII: a character is a byte.
  if (token.length > MAX_HEADER_BYTES) return INVALID_TOKEN.tooLarge;
  const [first, second, third, ...more] = token.split('.', 4);
  if (!first || !second || !third || more.length > 0) return INVALID_TOKEN.malformed;
  if (!decode(third)) return INVALID_TOKEN.malformed;
  const header = readObject(first);
  if (header instanceof Refusal) return header;
  const headerRefusal = validateHeader(header);
  if (headerRefusal) return headerRefusal;
  const { alg, kid, typ } = header;
  if (typ !== undefined && typeof typ !== 'string') return INVALID_TOKEN.type;
  if (typeof alg !== 'string') return INVALID_TOKEN.algorithm;
  if (kid !== undefined && typeof kid !== 'string') return INVALID_TOKEN.unknownKey;
  const payload = readObject(second);
  if (payload instanceof Refusal) return payload;
  return { header: { alg, kid, typ: typ === undefined ? undefined : tokenTypeOf(typ) }, payload };
}

function validateHeader(header: JsonObject): Refusal | undefined {
  // No extension is understood, so none may be critical (RFC 7515 4.1.11); b64 changes what is signed (RFC 7797 3).
  const isCritical = Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64');
  return isCritical ? INVALID_TOKEN.critical : undefined;
}

function readObject(part: string): JsonObject | Refusal {
  const bytes = decode(part);
  if (!bytes || !isUtf8(bytes)) return INVALID_TOKEN.malformed;
  const text = bytes.toString('utf8');
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return INVALID_TOKEN.malformed;
  return hasDuplicateKeys(text) ? INVALID_TOKEN.duplicateKeys : (value as JsonObject);
}

/** Decodes canonical base64url only: no padding, no extra bits in the last character (RFC 4648 3.5). */
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
