import { createHmac, createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Algorithm, Issuer, KeySource } from '../../src/model/issuer.js';
import {
  base64url,
  createSigningKey,
  createTestIssuer,
  signTexts,
  type SigningKey,
  type TestIssuer,
} from '../support/tokens.js';
import { createStage, outcome } from './support.js';

const SECRET = 'Zk3pQ9rT0vXy7bNc5mLd2hJf8sWa1eGu';
const rsaKey = createSigningKey('RS256');
const edKey = createSigningKey('EdDSA');

let issuer: TestIssuer;
let folder: string;

beforeAll(async () => {
  issuer = await createTestIssuer({ key: rsaKey });
  folder = mkdtempSync(join(tmpdir(), 'public-key-'));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await issuer.close();
});

const pemOf = ({ privateKey }: SigningKey) =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();

function hmacSigned(secret: string, alg = 'HS256', header = {}): string {
  const [, payload = ''] = issuer.sign().split('.');
  const input = `${base64url(JSON.stringify({ alg, typ: 'JWT', ...header }))}.${payload}`;
  const hash = `sha${/256|384|512/.exec(alg)?.[0] ?? '256'}`;
  return `${input}.${createHmac(hash, secret).update(input).digest('base64url')}`;
}

async function shown(token: string, keys: KeySource, ...algorithms: Algorithm[]): Promise<string> {
  return shownTo(issuer.model({ keys, algorithms }), token);
}

async function shownTo(model: Issuer, ...tokens: string[]): Promise<string> {
  const stage = createStage([model]);
  try {
    const outcomes: string[] = [];
    for (const token of tokens) outcomes.push(outcome(await stage.show(token)));
    return outcomes.join('; ');
  } finally {
    stage.close();
  }
}

const ACCEPTED = 'test-issuer/app-1';
const ALGORITHM = '401 The algorithm of the token is not accepted';
const SIGNATURE = '401 The signature of the token is wrong';
const UNKNOWN_KEY = '401 The token is signed with an unknown key';

describe('An issuer with a secret', () => {
  const keys: KeySource = { kind: 'secret', secret: SECRET };

  it.each(['HS256', 'HS384', 'HS512'] as const)('accepts %s with any kid or none', async (alg) => {
    for (const header of [{}, { kid: 'a' }, { kid: '../../x' }, { kid: '' }])
      expect(await shown(hmacSigned(SECRET, alg, header), keys, alg)).toBe(ACCEPTED);
  });

  it('accepts only the algorithms that it lists', async () => {
    expect(await shown(hmacSigned(SECRET, 'HS512'), keys, 'HS256')).toBe(ALGORITHM);
    expect(await shown(hmacSigned(SECRET, 'hs256'), keys, 'HS256')).toBe(ALGORITHM);
    expect(await shown(issuer.sign(), keys, 'HS256')).toBe(ALGORITHM);
  });

  it('refuses a signature with another secret, or with a part of it', async () => {
    for (const secret of ['', SECRET.slice(1), `${SECRET} `, SECRET.toLowerCase()])
      expect(await shown(hmacSigned(secret), keys, 'HS256')).toBe(SIGNATURE);
  });

  it('checks the claims as for any other issuer', async () => {
    const expired = issuer.sign({ exp: 5 }).split('.')[1]!;
    const input = `${base64url('{"alg":"HS256"}')}.${expired}`;
    const token = `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
    expect(await shown(token, keys, 'HS256')).toBe('401 The token has expired');
  });

  it('never verifies with a public key, even if its settings list the algorithm', async () => {
    expect(await shown(issuer.sign(), keys, 'HS256', 'RS256')).toBe(UNKNOWN_KEY);
    expect(await shown(signed(edKey), keys, 'HS256', 'EdDSA')).toBe(UNKNOWN_KEY);
  });
});

describe('A public key', () => {
  it.each(['HS256', 'HS384', 'HS512'] as const)(
    'is never used as the secret of %s, even if the settings list the algorithm',
    async (alg) => {
      const pem = pemOf(rsaKey);
      const sources: KeySource[] = [
        { kind: 'public_key', pem },
        { kind: 'inline', jwks: { keys: [rsaKey.jwk] } },
        { kind: 'url', url: issuer.jwksUrl },
      ];
      for (const source of sources) {
        for (const secret of [
          pem,
          pem.trim(),
          pem.replaceAll('\n', ''),
          JSON.stringify(rsaKey.jwk),
          rsaKey.jwk.n!,
        ]) {
          const token = hmacSigned(secret, alg, { kid: rsaKey.kid });
          expect(await shown(token, source, 'RS256', alg)).toBe(UNKNOWN_KEY);
          expect(await shown(token, source, 'RS256')).toBe(ALGORITHM);
        }
      }
      const ed: KeySource = { kind: 'public_key', pem: pemOf(edKey) };
      expect(await shown(hmacSigned(pemOf(edKey), alg), ed, 'EdDSA', alg)).toBe(UNKNOWN_KEY);
    },
  );

  it('is tried for a token with any kid or none', async () => {
    const keys: KeySource = { kind: 'public_key', pem: pemOf(rsaKey) };
    for (const kid of [rsaKey.kid, 'other', '../x', undefined])
      expect(await shown(issuer.sign({}, { kid }), keys, 'RS256')).toBe(ACCEPTED);
    expect(await shown(issuer.sign({}, {}, createSigningKey('RS256')), keys, 'RS256')).toBe(SIGNATURE);
  });

  it('is used for its own algorithms alone', async () => {
    const rsa: KeySource = { kind: 'public_key', pem: pemOf(rsaKey) };
    const token = issuer.sign({}, {}, { ...rsaKey, alg: 'PS256' });
    expect(await shown(token, rsa, 'RS256', 'PS256')).toBe(ACCEPTED);
    expect(await shown(token, rsa, 'RS256')).toBe(ALGORITHM);
    expect(await shown(signed(edKey), rsa, 'RS256', 'EdDSA')).toBe(UNKNOWN_KEY);
  });

  it('is read again from its file after a token that it does not verify', async () => {
    const path = join(folder, 'partner.pem');
    writeFileSync(path, pemOf(rsaKey));
    const stage = createStage([issuer.model({ keys: { kind: 'public_key_file', path } })]);
    const next = createSigningKey('RS256');
    expect(outcome(await stage.show(issuer.sign()))).toBe(ACCEPTED);
    writeFileSync(path, pemOf(next));
    expect(outcome(await stage.show(issuer.sign({}, {}, next)))).toBe(ACCEPTED);
    expect(outcome(await stage.show(issuer.sign()))).toBe(SIGNATURE);
    stage.close();
  });

  it.each(['', 'x', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'])(
    'that its file %j does not hold is an issuer without keys: 503',
    async (text) => {
      const path = join(folder, 'empty.pem');
      writeFileSync(path, text);
      expect(await shown(issuer.sign(), { kind: 'public_key_file', path }, 'RS256')).toMatch(/^503/);
    },
  );
});

function signed({ privateKey, kid }: SigningKey, alg: Algorithm = 'EdDSA', header = {}): string {
  const [, payload = ''] = issuer.sign().split('.');
  const text = Buffer.from(payload, 'base64url').toString();
  return signTexts(JSON.stringify({ alg, kid, typ: 'JWT', ...header }), text, { ...edKey, alg, privateKey });
}

describe('Ed25519', () => {
  const jwk: Record<string, unknown> = { ...edKey.jwk };
  delete jwk['alg'];
  const jwks: KeySource = { kind: 'inline', jwks: { keys: [rsaKey.jwk, jwk] } };

  it.each(['EdDSA', 'Ed25519'] as const)(
    'is verified under its name %s, if the issuer lists it',
    async (alg) => {
      const other = alg === 'EdDSA' ? 'Ed25519' : 'EdDSA';
      expect(await shown(signed(edKey, alg), jwks, alg)).toBe(ACCEPTED);
      expect(await shown(signed(edKey, alg), jwks, 'RS256', other, alg)).toBe(ACCEPTED);
      expect(await shown(signed(edKey, alg, { kid: undefined }), jwks, alg)).toBe(ACCEPTED);
      expect(await shown(signed(edKey, alg), { kind: 'public_key', pem: pemOf(edKey) }, alg)).toBe(ACCEPTED);
      expect(await shown(signed(edKey, alg), jwks, 'RS256', other)).toBe(ALGORITHM);
    },
  );

  it('stands beside other algorithms of the same issuer', async () => {
    expect(
      await shownTo(
        issuer.model({ keys: jwks, algorithms: ['RS256', 'EdDSA'] }),
        issuer.sign(),
        signed(edKey),
      ),
    ).toBe(`${ACCEPTED}; ${ACCEPTED}`);
  });

  it('is refused with the signature of another key, of zeros, or of a wrong length', async () => {
    const forged = signed(createSigningKey('EdDSA'), 'EdDSA', { kid: edKey.kid });
    expect(await shown(forged, jwks, 'EdDSA')).toBe(SIGNATURE);
    const [header, payload] = signed(edKey).split('.');
    for (const length of [1, 32, 63, 64, 65])
      expect(
        await shown(`${header}.${payload}.${Buffer.alloc(length).toString('base64url')}`, jwks, 'EdDSA'),
      ).toBe(SIGNATURE);
  });

  it('is refused with a changed payload', async () => {
    const [header, , signature] = signed(edKey).split('.');
    const payload = issuer.sign({ scope: 'admin' }).split('.')[1];
    expect(await shown(`${header}.${payload}.${signature}`, jwks, 'EdDSA')).toBe(SIGNATURE);
  });

  it('is never verified with a key of another type that its kid names', async () => {
    expect(await shown(signed(edKey, 'EdDSA', { kid: rsaKey.kid }), jwks, 'RS256', 'EdDSA')).toBe(
      UNKNOWN_KEY,
    );
    expect(await shown(issuer.sign({}, { kid: edKey.kid }), jwks, 'RS256', 'EdDSA')).toBe(UNKNOWN_KEY);
  });

  it('is checked like any other token for its times, its audience and its type', async () => {
    const with_ = (claims: object, header = {}) => {
      const payload = JSON.parse(Buffer.from(issuer.sign().split('.')[1]!, 'base64url').toString()) as object;
      return signTexts(
        JSON.stringify({ alg: 'EdDSA', kid: edKey.kid, ...header }),
        JSON.stringify({ ...payload, ...claims }),
        edKey,
      );
    };
    expect(await shown(with_({ exp: 5 }), jwks, 'EdDSA')).toBe('401 The token has expired');
    expect(await shown(with_({ nbf: 4e9 }), jwks, 'EdDSA')).toBe('401 The token is not valid yet');
    expect(await shown(with_({ aud: 'x' }), jwks, 'EdDSA')).toBe('401 The token is for another audience');
    expect(await shown(with_({ iss: 'x' }), jwks, 'EdDSA')).toBe(
      '401 The issuer of the token is not accepted',
    );
    expect(await shown(with_({}, { typ: 'dpop+jwt' }), jwks, 'EdDSA')).toBe(
      '401 The token is not of an accepted type',
    );
    expect(await shown(with_({}, { b64: true }), jwks, 'EdDSA')).toBe(
      '401 The token requires extensions that are not supported',
    );
  });
});
