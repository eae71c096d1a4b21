/** Makes the X-App-* and X-Token-* fields, and those of claims, that identify a verified caller to the upstream, for `request-headers.ts`. */
import type { Principal } from '../model/principal.js';
import type { FlatHeaders } from '../model/refusal.js';
import { percentEncode } from './percent-encode.js';

const NO_FIELDS: FlatHeaders = [];
/** Visible ASCII without `%`. Encoding `%` too makes every value decodable without ambiguity. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/;

/**
 * Creates the function that returns a caller's identity fields. They are computed once per Principal, which lives as
 * long as its verified token stays cached.
 *
 * @param omit names in lower case of fields that are left out
 * @param claimFields returns the fields of the caller's claims
 */
export function createIdentity(
  omit: ReadonlySet<string>,
  claimFields: (principal: Principal) => FlatHeaders,
): (principal: Principal) => FlatHeaders {
  const cache = new WeakMap<Principal, FlatHeaders>();
  return function identity(principal) {
    let fields = cache.get(principal);
    if (fields === undefined) {
      fields =
        principal.issuer === '' ? NO_FIELDS : [...fieldsOf(principal, omit), ...claimFields(principal)];
      cache.set(principal, fields);
    }
    return fields;
  };
}

function fieldsOf(principal: Principal, omit: ReadonlySet<string>): FlatHeaders {
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
  return value === undefined || PLAIN.test(value) ? value : percentEncode(value, isVisible);
}

function isVisible(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}
