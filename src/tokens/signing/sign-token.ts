/** Makes the signature of a token. Called by the signer. */
import { sign, type KeyObject } from 'node:crypto';

/** A key whose private half is in memory. */
export interface PrivateKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

/**
 * Signs a compact JWS with RS256 (RFC 7515 7.1). It runs on a thread of libuv's pool, because an RSA signature would
 * block the event loop for a millisecond or more.
 */
export function signToken(payload: object, { kid, privateKey }: PrivateKey): Promise<string> {
  const header = { alg: 'RS256', typ: 'JWT', kid };
  const input = `${base64urlOf(header)}.${base64urlOf(payload)}`;
  return new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(input), privateKey, (error, signature) => {
      if (error) reject(error);
      else resolve(`${input}.${signature.toString('base64url')}`);
    });
  });
}

function base64urlOf(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
