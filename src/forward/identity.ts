/** Makes the X-App-* and X-Token-* fields that identify a verified caller to the upstream, for `request-headers.ts`. */
import type { Principal } from '../model/principal.js';
import type { FlatHeaders } from '../model/refusal.js';

const NO_FIELDS: FlatHeaders = [];
/** Visible ASCII without `%`. Encoding `%` too makes every value decodable without ambiguity. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/;

/**
 * Creates the function that returns a caller's identity fields. They are computed once per Principal, which lives as
 * long as its verified token stays cached. Names in `omit` (lower case) are left out.
 */
export function createIdentity(omit: ReadonlySet<string>): (principal: Principal) => FlatHeaders {
  const cache = new WeakMap<Principal, FlatHeaders>();
  return function identity(principal) {
    let fields = cache.get(principal);
    if (fields === undefined) cache.set(principal, (fields = fieldsOf(principal, omit)));
    return fields;
  };
}

function fieldsOf(principal: Principal, omit: ReadonlySet<string>): FlatHeaders {
  if (principal.issuer === '') return NO_FIELDS;
  const { app, appName, organization, subject, issuer, scopes } = principal;
  const fields: string[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value && !omit.has(name.toLowerCase())) fields.push(name, value);
  };
  add('X-App-Id', encode(app));
  add('X-App-Name', encode(appName));
  add('X-App-Organization', encode(organization));
  add('X-Token-Subject', encode(subject));
  add('X-Token-Issuer', encode(issuer));
  add('X-Token-Scopes', scopes.map(encode).join(' '));
  return fields;
}

function encode(value: string | undefined): string | undefined {
  if (value === undefined || PLAIN.test(value)) return value;
  let text = '';
  for (const byte of Buffer.from(value, 'utf8')) {
    const visible = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    text += visible ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
