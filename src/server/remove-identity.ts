/** As a library: prepares an unrouted request for the application behind the gateway. Called by `request-handler.ts`. */
import type { IncomingMessage } from 'node:http';
import { isIdentityField, plainName } from '../model/identity-fields.js';

/**
 * Removes the identity fields from a request, in every spelling and from every property of `req`: the application trusts
 * them to come from the gateway.
 *
 * @param claimFields the fields that upstreams get from claims, by `plainName`
 */
export function removeIdentity(req: IncomingMessage, claimFields: ReadonlySet<string>): void {
  const isIdentity = (name: string): boolean => {
    const plain = plainName(name.toLowerCase());
    return isIdentityField(plain) || claimFields.has(plain);
  };
  const { rawHeaders } = req;
  if (!rawHeaders.some((text, at) => at % 2 === 0 && isIdentity(text))) return;
  // Node makes both from the raw fields when they are first read, so read them before the raw fields change.
  for (const fields of [req.headers, req.headersDistinct]) {
    for (const name of Object.keys(fields)) if (isIdentity(name)) Reflect.deleteProperty(fields, name);
  }
  req.rawHeaders = rawHeaders.filter((_, at) => !isIdentity(rawHeaders[at - (at % 2)]!));
}
