/** As a library: what becomes of a request that no route names, when the application behind the gate gets it. */
import type { IncomingMessage } from 'node:http';
import { isIdentityField, plainName } from '../model/identity-fields.js';

/**
 * Takes away the fields by which a request would say who is calling, in whatever spelling: the application must be able
 * to believe them, wherever it reads them.
 */
export function removeIdentity(req: IncomingMessage): void {
  const { rawHeaders } = req;
  if (!rawHeaders.some((text, at) => at % 2 === 0 && isIdentity(text))) return;
  // Both are made of the raw fields when they are first read: before those are others.
  for (const fields of [req.headers, req.headersDistinct]) {
    for (const name of Object.keys(fields)) if (isIdentity(name)) Reflect.deleteProperty(fields, name);
  }
  req.rawHeaders = rawHeaders.filter((_, at) => !isIdentity(rawHeaders[at - (at % 2)]!));
}

function isIdentity(name: string): boolean {
  return isIdentityField(plainName(name.toLowerCase()));
}
