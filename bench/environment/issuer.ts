/** The issuer whose tokens every stack gets: its JWKS over HTTP, and tokens of about 900 bytes. */
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'https://api.example';

export interface TestIssuer {
  readonly jwks: string;
  sign(app: string, scopes: readonly string[]): string;
  /** A token that names the issuer's key and is signed with another. */
  forge(app: string, scopes: readonly string[]): string;
  stop(): void;
}

export async function startIssuer(): Promise<TestIssuer> {
  const kid = randomUUID();
  const { publicKey, privateKey } = makeKeys();
  const stranger = makeKeys();
  const key = { ...createPublicKey(publicKey).export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  const server = await serveJson({ keys: [key] });
  return {
    jwks: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    sign: (app, scopes) => sign(app, scopes, privateKey, kid),
    forge: (app, scopes) => sign(app, scopes, stranger.privateKey, kid),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** As PEM: a KeyObject from `generateKeyPair` itself can deadlock Node when it is exported as a JWK. */
function makeKeys(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

function sign(app: string, scope: readonly string[], key: string, keyid: string): string {
  const claims = {
    app_name: `The application ${app}`,
    organization: 'An organization of the bench',
    owner: {
      uid: randomUUID(),
      uname: `owner-of-${app}`,
      uavatar: `https://images.example/${app}.png`,
    },
    grant_type: 'client_credentials',
    scope,
  };
  return jwt.sign(claims, key, {
    algorithm: 'RS256',
    keyid,
    issuer: ISSUER,
    audience: AUDIENCE,
    subject: app,
    jwtid: randomUUID(),
    expiresIn: '1d',
  });
}

async function serveJson(value: unknown): Promise<Server> {
  const body = JSON.stringify(value);
  const server = createServer((_req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
