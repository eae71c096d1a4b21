/** Authenticate: reads the one Bearer token of an Authorization field (RFC 6750 2.1). Called by `authenticate.ts`. */
import type { Refusal } from '../model/refusal.js';
import { MALFORMED_CREDENTIALS, NO_TOKEN } from './refusals.js';

/** `Bearer` in any case (RFC 9110 11.1), but no longer scheme name that starts with it. */
const BEARER_SCHEME = /^bearer(?![\w!#$%&'*+.^`|~-])/i;

/** `credentials = "Bearer" 1*SP b64token` */
const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** `b64token`: the syntax of a token, wherever it is. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Whether a text has the syntax of a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Returns the token; `MALFORMED_CREDENTIALS` for a Bearer field with another syntax, `NO_TOKEN` for another scheme. */
export function readBearer(authorization: string): string | Refusal {
  const token = CREDENTIALS.exec(authorization)?.[1];
  if (token !== undefined) return token;
  return BEARER_SCHEME.test(authorization) ? MALFORMED_CREDENTIALS : NO_TOKEN;
}
