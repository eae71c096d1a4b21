/** What match refuses, each kind made once: a 400 says what could be read in two ways. */
import { Refusal } from '../model/refusal.js';

export function ambiguous(detail: string): Refusal {
  return new Refusal('malformed_request', [], detail);
}

export const NO_ROUTE = new Refusal('no_route');
export const ENCODED_SLASH = ambiguous('the path has an encoded slash');

export function methodNotAllowed(allowed: readonly string[]): Refusal {
  return new Refusal('method_not_allowed', ['Allow', allowed.join(', ')]);
}
