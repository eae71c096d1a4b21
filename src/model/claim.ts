/** Claims: where they are in a token's payload, and the conditions that a token must satisfy. */

/** The names that lead to a claim: one for a top-level claim, several for a path into objects. */
export type ClaimPath = readonly string[];

/** A value that a claim is compared with. A number differs from its text. */
export type ClaimValue = string | number | boolean;

/** The claim with the audience of a token (RFC 7519 4.1.3). */
export const AUDIENCE_CLAIM: ClaimPath = ['aud'];

/** Tells whether two paths lead to the same claim. */
export function isSameClaim(one: ClaimPath, other: ClaimPath): boolean {
  return one.length === other.length && one.every((name, index) => name === other[index]);
}

/**
 * A condition on one claim. `values` and `parameter` are alternatives: the other one is empty or undefined, and both are for
 * `absent`.
 */
export interface ClaimCondition {
  readonly path: ClaimPath;
  /** The claim as the file has it, for messages: `org_id`, or `[realm_access, roles]` for a path. */
  readonly name: string;
  /**
   * `is`: the claim equals the value. `has`: it is an array, a spaced text or an object with the value as an entry.
   * `absent`: the token does not have it.
   */
  readonly test: 'is' | 'has' | 'absent';
  /** The accepted values; one of them is enough. */
  readonly values: readonly ClaimValue[];
  /** The path parameter whose value is the accepted one. */
  readonly parameter?: string | undefined;
}

/** Returns the value at a path of property names. Only own properties count, so `__proto__` finds nothing. */
export function readClaim(payload: Readonly<Record<string, unknown>>, path: ClaimPath): unknown {
  let value: unknown = payload;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/**
 * Tells whether a claim, or an object on the way to it, is absent or `null`. Where a text or an array is in the place of an
 * object the path does not fit the token, so nothing is known of the claim.
 */
function isAbsent(payload: Readonly<Record<string, unknown>>, path: ClaimPath): boolean {
  let value: unknown = payload;
  for (const name of path) {
    if (typeof value !== 'object' || Array.isArray(value) || value === null) return false;
    if (!Object.hasOwn(value, name)) return true;
    value = (value as Readonly<Record<string, unknown>>)[name];
    if (value === undefined || value === null) return true;
  }
  return false;
}

/**
 * Tells whether claims satisfy a condition. An absent claim and `null` satisfy `absent` alone, and an absent or empty
 * parameter satisfies nothing.
 * @param parameters the path parameters of the request, decoded
 */
export function satisfies(
  condition: ClaimCondition,
  claims: Readonly<Record<string, unknown>>,
  parameters?: Readonly<Record<string, string>>,
): boolean {
  const { path, test, values, parameter } = condition;
  if (test === 'absent') return isAbsent(claims, path);
  const claim = readClaim(claims, path);
  if (claim === undefined || claim === null) return false;
  if (parameter !== undefined) {
    if (parameters === undefined || !Object.hasOwn(parameters, parameter)) return false;
    const text = parameters[parameter]!;
    if (text === '') return false;
    return test === 'is' ? isText(claim, text) : hasEntry(claim, text, isText);
  }
  for (const value of values) {
    if (test === 'is' ? claim === value : hasEntry(claim, value, isSame)) return true;
  }
  return false;
}

/** Returns the keys of an object whose value is neither `false` nor `null`: `{"admin": {}, "guest": false}` has `admin`. */
export function keysOf(claim: object): readonly string[] {
  return Object.keys(claim).filter((key) => hasKey(claim, key));
}

function hasKey(claim: object, key: string): boolean {
  if (!Object.hasOwn(claim, key)) return false;
  const value: unknown = claim[key as keyof typeof claim];
  return value !== false && value !== null;
}

/** The entries of a claim are the elements of an array, the words of a text (RFC 6749 3.3), or the keys of an object. */
function hasEntry<T extends ClaimValue>(
  claim: unknown,
  value: T,
  matches: (entry: unknown, value: T) => boolean,
): boolean {
  if (Array.isArray(claim)) return claim.some((entry) => matches(entry, value));
  if (typeof value !== 'string') return false;
  if (typeof claim === 'string') return value !== '' && claim.split(' ').includes(value);
  return typeof claim === 'object' && claim !== null && hasKey(claim, value);
}

function isSame(entry: unknown, value: ClaimValue): boolean {
  return entry === value;
}

/**
 * A path holds text only, so a number is compared by its decimal text. A larger integer was rounded when the token was
 * parsed, so two ids could become one.
 */
function isText(claim: unknown, text: string): boolean {
  return claim === text || (Number.isSafeInteger(claim) && String(claim) === text);
}
