/** Reads a client's id and secret from HTTP Basic or the body (RFC 6749 2.3.1). Called by the endpoints. */
import { invalidClient, invalidRequest, type OAuthError } from '../oauth-error.js';
import { decodeForm } from './form.js';
import type { Parameters } from './parameters.js';

export interface Credentials {
  readonly id: string;
  readonly secret: string;
  /** Whether they came in the Authorization field; a refusal then needs a challenge. */
  readonly usedAuthorization: boolean;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const BASIC_SCHEME = /^basic(?: |$)/i;

const MALFORMED = invalidRequest('The Authorization header is malformed');
const TWO_WAYS = invalidRequest('The client uses two authentication methods');
const INCOMPLETE = invalidRequest('The client id or its secret is missing');

/** Reads the credentials. Undefined if there is no client, or only a client id, as from a public client. */
export function readCredentials(
  authorization: string | undefined,
  parameters: Parameters,
): Credentials | OAuthError | undefined {
  const id = parameters.one('client_id');
  const secret = parameters.one('client_secret');
  if (authorization === undefined) {
    if (secret === undefined) return undefined;
    return id === undefined ? INCOMPLETE : { id, secret, usedAuthorization: false };
  }
  if (!BASIC_SCHEME.test(authorization)) return invalidClient(true);
  const basic = readBasic(authorization);
  if (basic === undefined) return MALFORMED;
  if (secret !== undefined || (id !== undefined && id !== basic.id)) return TWO_WAYS;
  return basic;
}

/** Reads the credentials, or returns an error if there are none. */
export function requireCredentials(
  authorization: string | undefined,
  parameters: Parameters,
): Credentials | OAuthError {
  return readCredentials(authorization, parameters) ?? INCOMPLETE;
}

/** Id and secret are form-encoded before a colon joins them, so an id may contain a colon. */
function readBasic(authorization: string): Credentials | undefined {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  if (colon === -1) return undefined;
  const id = decodeForm(text.slice(0, colon));
  const secret = decodeForm(text.slice(colon + 1));
  if (!id || !secret) return undefined;
  return { id, secret, usedAuthorization: true };
}
