/** For all tests: an issuer with real keys, real tokens and a real JWKS server that can fail on request. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AUDIENCE_CLAIM } from '../../src/model/claim.js';
import type { Algorithm, Issuer } from '../../src/model/issuer.js';
import { USUAL_TOKEN_SOURCES } from '../../src/model/token-source.js';
import { USUAL_TOKEN_TYPES } from '../../src/model/token-type.js';
import {
  createSigningKey as makeSigningKey,
  signTexts,
  type SigningKey,
} from '../../src/testing/signing-key.js';
import { rsaPem } from './key-pair.js';
import { USUAL_BITS } from './keys.global.js';

export { base64url, signTexts, type SigningKey } from '../../src/testing/signing-key.js';

export const AUDIENCE = 'https://developers.token-project.test';

export type Claims = Record<string, unknown>;
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestIssuer {
  /** `http://127.0.0.1:PORT`, its `iss`. */
  readonly iss: string;
  readonly jwksUrl: string;
  /** The key that signs now. */
  readonly key: SigningKey;
  /** What the JWKS endpoint publishes; tests may put anything into it. */
  readonly jwks: { keys: unknown[] };
  /** The number of requests that the JWKS endpoint got. */
  readonly fetches: number;
  /** The issuer as the model has it, its keys read from `jwksUrl`. */
  model(changes?: Partial<Issuer>): Issuer;
  /** A token that is valid for an hour, for `AUDIENCE` and the app `app-1`; `undefined` takes a claim away. */
  sign(claims?: Claims, header?: Claims, key?: SigningKey): string;
  /** A new key signs from now on; with `publish: false` the JWKS does not have it. */
  rotate(options?: { publish?: boolean; keepOld?: boolean }): SigningKey;
  /** The JWKS endpoint accepts requests and never responds. */
  hang(): void;
  /** The JWKS endpoint responds with this status, or as the function says. */
  breakWith(answer: number | Answer): void;
  /** The JWKS endpoint works again. */
  heal(): void;
  close(): Promise<void>;
}

let keysMade = 0;

/** A key with an id of its own; an RSA key of the usual size was generated before all tests. */
export function createSigningKey(alg: Algorithm = 'RS256', modulusLength = USUAL_BITS): SigningKey {
  const isRsa = alg.startsWith('RS') || alg.startsWith('PS');
  const pair = isRsa ? rsaPem(modulusLength) : undefined;
  return makeSigningKey(alg, pair, `key-${++keysMade}`);
}

export interface TestIssuerOptions {
  readonly alg?: Algorithm;
  /** Its first key, if a test need not have a new one: making one is slow. */
  readonly key?: SigningKey;
  /** The clock for the claims `iat` and `exp`. */
  readonly now?: () => number;
  /** The port of an unavailable issuer, to replace it; by default a free one. */
  readonly port?: number;
}

export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { alg = 'RS256', now = Date.now, port = 0 } = options;
  let key = options.key ?? createSigningKey(alg);
  const jwks: { keys: unknown[] } = { keys: [key.jwk] };
  let fetches = 0;
  const wellBehaved: Answer = (_request, response) => sendJson(response, jwks);
  let answer = wellBehaved;

  const server = createServer((request, response) => {
    if (request.url === '/jwks') {
      fetches++;
      answer(request, response);
    } else if (request.url === '/.well-known/openid-configuration') {
      sendJson(response, { issuer: iss, jwks_uri: `${iss}/jwks` });
    } else {
      response.writeHead(404).end();
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const iss = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    iss,
    jwksUrl: `${iss}/jwks`,
    jwks,
    get key() {
      return key;
    },
    get fetches() {
      return fetches;
    },
    model: (changes = {}) => ({
      name: 'test-issuer',
      iss,
      keys: { kind: 'url', url: `${iss}/jwks` },
      audience: [AUDIENCE],
      algorithms: [alg],
      tokenFrom: USUAL_TOKEN_SOURCES,
      forwardToken: false,
      tokenTypes: USUAL_TOKEN_TYPES,
      audienceClaim: AUDIENCE_CLAIM,
      claims: { app: [['sub']], scope: [['scope']] },
      require: [],
      requireExp: true,
      clockSkewMs: 30_000,
      grants: ['*'],
      ...changes,
    }),
    sign(claims = {}, header = {}, signer = key) {
      const iat = Math.floor(now() / 1000);
      const payload = { iss, aud: AUDIENCE, sub: 'app-1', iat, exp: iat + 3600, ...claims };
      const fullHeader = { alg: signer.alg, kid: signer.kid, typ: 'JWT', ...header };
      return signTexts(JSON.stringify(fullHeader), JSON.stringify(payload), signer);
    },
    rotate({ publish = true, keepOld = true } = {}) {
      key = createSigningKey(alg);
      if (!keepOld) jwks.keys.length = 0;
      if (publish) jwks.keys.push(key.jwk);
      return key;
    },
    hang() {
      answer = () => undefined;
    },
    breakWith(how) {
      answer = typeof how === 'number' ? (_request, response) => void response.writeHead(how).end() : how;
    },
    heal() {
      answer = wellBehaved;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function sendJson(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}
