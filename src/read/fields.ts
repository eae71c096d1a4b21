/** Collects the fields that the gateway itself uses, in one pass over the raw header fields. Called by `read.ts`. */
import type { FlatHeaders } from '../model/refusal.js';

const NAMES = {
  host: 'host',
  authorization: 'authorization',
  'content-length': 'contentLength',
  'transfer-encoding': 'transferEncoding',
  connection: 'connection',
  upgrade: 'upgrade',
  expect: 'expect',
  origin: 'origin',
  'access-control-request-method': 'requestedMethod',
  'x-request-id': 'requestId',
  'x-forwarded-for': 'forwardedFor',
  'x-forwarded-proto': 'forwardedProto',
  'x-forwarded-host': 'forwardedHost',
  'x-real-ip': 'realIp',
  forwarded: 'forwarded',
} as const;
type Field = (typeof NAMES)[keyof typeof NAMES];
const KNOWN: ReadonlyMap<string, Field> = new Map(Object.entries(NAMES));

/** The fields that may occur only once. */
export type SingleField = Extract<Field, 'host' | 'authorization' | 'contentLength' | 'transferEncoding'>;

/** The values as sent; undefined where the field is absent. */
export class Fields implements Record<Field, string | undefined> {
  host: string | undefined;
  authorization: string | undefined;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  origin: string | undefined;
  requestedMethod: string | undefined;
  requestId: string | undefined;
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
  forwardedHost: string | undefined;
  realIp: string | undefined;
  forwarded: string | undefined;
  /** The first field that occurs more than once and must not. */
  duplicated: SingleField | undefined;
}

/** Collects the known fields. Several lines of a list field are joined; a single field keeps its first value. */
export function collect(rawHeaders: FlatHeaders): Fields {
  const fields = new Fields();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = KNOWN.get(rawHeaders[at]!.toLowerCase());
    if (field === undefined) continue;
    const value = rawHeaders[at + 1]!;
    const earlier = fields[field];
    if (earlier === undefined) fields[field] = value;
    else if (isSingle(field)) fields.duplicated ??= field;
    // Several lines of a field are one list (RFC 9110 5.3). Where one value is expected, the comma makes a repeated
    // field invalid.
    else fields[field] = `${earlier}, ${value}`;
  }
  return fields;
}

function isSingle(field: Field): field is SingleField {
  return (
    field === 'host' || field === 'authorization' || field === 'contentLength' || field === 'transferEncoding'
  );
}
