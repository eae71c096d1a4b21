/** The refusals of the match step, most of them made once at load. Used by the files of this folder. */
import { Refusal } from '../model/refusal.js';

/** Makes the 400 for a target that two servers could read differently; `detail` says which part of it. */
export function ambiguous(detail: string): Refusal {
  return new Refusal('malformed_request', [], detail);
}

export const NO_ROUTE = new Refusal('no_route');
export const ENCODED_SLASH = ambiguous('the path has an encoded slash');

/** Makes the 405, whose Allow field lists the methods that the path has (RFC 9110 15.5.6). */
export function methodNotAllowed(allowed: readonly string[]): Refusal {
  return new Refusal('method_not_allowed', ['Allow', allowed.join(', ')]);
}
