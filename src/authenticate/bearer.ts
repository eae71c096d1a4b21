/** Authenticate, first step: the Authorization field to the one Bearer token in it (RFC 6750 2.1). */
import type { Refusal } from '../model/refusal.js';
import { MALFORMED_CREDENTIALS, NO_TOKEN } from './refusals.js';

/** `Bearer`, in any case (RFC 9110 11.1), and no longer token that only begins like it. */
const BEARER_SCHEME = /^bearer(?![\w!#$%&'*+.^`|~-])/i;

/** `credentials = "Bearer" 1*SP b64token` */
const CREDENTIALS = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

export function readBearer(authorization: string): string | Refusal {
  const token = CREDENTIALS.exec(authorization)?.[1];
  if (token !== undefined) return token;
  return BEARER_SCHEME.test(authorization) ? MALFORMED_CREDENTIALS : NO_TOKEN;
}
