/**
 * Issuers with a secret, a public key and a JWKS behind one gateway: no token is accepted with the key of one kind under
 * an algorithm of another, and the secret is in no output.
 */
import { createHmac, createPublicKey } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { respondOk, startFixture, type Fixture } from '../support/fixture.js';
import {
  AUDIENCE,
  base64url,
  createSigningKey,
  createTestIssuer,
  signTexts,
  type TestIssuer,
} from '../support/tokens.js';

const SECRET = 'canary-Zk3pQ9rT0vXy7bNc5mLd2hJf8sWa';
const LOG = join(tmpdir(), `tollgate-algorithms-${process.pid}.log`);
const LOG_BATCH_MS = 600;

const rsaKey = createSigningKey('RS256');
const edKey = createSigningKey('EdDSA');
const pemOf = ({ privateKey }: typeof rsaKey) =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

let remote: TestIssuer;
let fixture: Fixture;

beforeAll(async () => {
  remote = await createTestIssuer({ key: rsaKey });
  const common = { audience: AUDIENCE, grants: ['*'] as string[] };
  fixture = await startFixture(
    {
      log: { level: 'debug', file: LOG },
      issuers: {
        remote: {
          ...common,
          issuer: remote.iss,
          jwks: remote.jwksUrl,
          algorithms: ['RS256', 'ES256', 'EdDSA'],
        },
        secret: { ...common, issuer: 'in-house', secret: SECRET, algorithms: ['HS256', 'HS384', 'HS512'] },
        partner: { ...common, issuer: 'partner', public_key: pemOf(edKey), algorithms: ['EdDSA'] },
        certified: {
          ...common,
          issuer: 'certified',
          public_key: pemOf(rsaKey),
          algorithms: ['RS256', 'PS256'],
        },
      },
      routes: [{ match: 'GET /orders', upstream: 'behind', scope: 'orders:read' }],
    },
    respondOk,
  );
});

afterAll(async () => {
  await sleep(LOG_BATCH_MS);
  const log = await readFile(LOG, 'utf8');
  expect(log).toContain('invalid_token');
  expect(log).not.toContain('canary');
  expect(JSON.stringify(fixture.gate.records)).not.toContain('canary');
  await fixture.close();
  await Promise.all([remote.close(), rm(LOG)]);
});

const claimsOf = (iss: string) =>
  JSON.stringify({
    iss,
    aud: AUDIENCE,
    sub: 'app',
    scope: 'orders:read',
    exp: Math.floor(Date.now() / 1000) + 600,
  });

function hmac(iss: string, alg: string, secret: string, kid?: string): string {
  const input = `${base64url(JSON.stringify({ alg, kid }))}.${base64url(claimsOf(iss))}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest('base64url')}`;
}

const signed = (iss: string, key: typeof rsaKey, alg: (typeof rsaKey)['alg'] = key.alg) =>
  signTexts(JSON.stringify({ alg, kid: key.kid }), claimsOf(iss), { ...key, alg });

async function statusOf(token: string): Promise<number | undefined> {
  const { responses } = await fixture.talk(
    `GET /orders HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
  );
  expect(JSON.stringify(responses)).not.toContain('canary');
  return responses[0]?.status;
}

describe('Issuers with a secret, a public key and a JWKS', () => {
  it('accept their own tokens', async () => {
    for (const token of [
      signed(remote.iss, rsaKey),
      hmac('in-house', 'HS256', SECRET),
      hmac('in-house', 'HS512', SECRET, 'any'),
      signed('partner', edKey),
      signed('certified', rsaKey),
      signed('certified', rsaKey, 'PS256'),
    ]) {
      expect(await statusOf(token)).toBe(200);
    }
  });

  it.each(['HS256', 'HS384', 'HS512'])('refuse %s with what is public as the secret', async (alg) => {
    const texts = [rsaKey, edKey].flatMap((key) => [pemOf(key), pemOf(key).trim(), JSON.stringify(key.jwk)]);
    for (const iss of [remote.iss, 'partner', 'certified', 'in-house']) {
      for (const text of [...texts, rsaKey.jwk.n!, edKey.jwk.x!, ''])
        expect(await statusOf(hmac(iss, alg, text, rsaKey.kid))).toBe(401);
    }
  });

  it('refuse the secret of one issuer in the name of another', async () => {
    for (const iss of [remote.iss, 'partner', 'certified'])
      for (const alg of ['HS256', 'HS384', 'HS512']) expect(await statusOf(hmac(iss, alg, SECRET))).toBe(401);
  });

  it('refuse the key of one issuer in the name of another, and a key under an algorithm of another type', async () => {
    for (const token of [
      signed('in-house', rsaKey),
      signed('in-house', edKey),
      signed('partner', rsaKey),
      signed('certified', edKey),
      signed(remote.iss, edKey),
      // The signature is right, the name of the algorithm is not.
      signTexts(JSON.stringify({ alg: 'RS256', kid: edKey.kid }), claimsOf('partner'), edKey),
      signTexts(JSON.stringify({ alg: 'Ed25519' }), claimsOf('partner'), edKey),
      signTexts(JSON.stringify({ alg: 'HS256' }), claimsOf('in-house'), rsaKey),
    ]) {
      expect(await statusOf(token)).toBe(401);
    }
  });
});
