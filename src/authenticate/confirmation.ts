/**
 * Authenticate: checks tokens that `cnf` binds to a key of their holder (RFC 7800 3.1).
 *
 * One kind is supported: `x5t#S256` names the client's certificate (RFC 8705 3.1), which the TLS connection proves.
 * Every other `cnf` is refused, an empty one too, since it requires a proof that cannot be checked. `jkt` needs a DPoP
 * proof (RFC 9449 6.1), which the gateway does not read.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { JsonObject } from './parse-jws.js';

/** The thumbprint of the certificate that a token is bound to; undefined for a token that any client may use. */
export type Confirmation = string | undefined;

const CERTIFICATE = 'x5t#S256';

/** Reads a payload's `cnf`; null where the gateway cannot check it. */
export function readConfirmation(payload: JsonObject): Confirmation | null {
  if (!Object.hasOwn(payload, 'cnf')) return undefined;
  const { cnf } = payload;
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) return null;
  const [member, ...more] = Object.entries(cnf as JsonObject);
  if (!member || more.length > 0 || member[0] !== CERTIFICATE) return null;
  return typeof member[1] === 'string' && member[1] !== '' ? member[1] : null;
}

/** Each connection's certificate is hashed once; null where the client sent none. */
const thumbprints = new WeakMap<Socket, string | null>();

/**
 * Whether the client proved in the TLS handshake that it holds the certificate with this thumbprint. The certificate
 * chain does not matter (RFC 8705 3 and 4).
 */
export function isHeldBy(thumbprint: string, socket: Socket | undefined): boolean {
  if (!(socket instanceof TLSSocket)) return false;
  let own = thumbprints.get(socket);
  if (own === undefined) thumbprints.set(socket, (own = thumbprintOf(socket)));
  return own === thumbprint;
}

/** base64url of the SHA-256 of the certificate in DER (RFC 8705 3.1). */
function thumbprintOf(socket: TLSSocket): string | null {
  const certificate = socket.getPeerX509Certificate();
  return certificate ? createHash('sha256').update(certificate.raw).digest('base64url') : null;
}
