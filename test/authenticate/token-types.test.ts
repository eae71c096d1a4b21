/**
 * The `typ` that a token may have, and the `use` of its signing key, according to its issuer's `token_types`.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TokenTypes } from '../../src/model/token-type.js';
import { createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, outcome } from './support.js';

const GOOD = 'test-issuer/app-1';
const OTHER_TYPE = '401 The token is not of an accepted type';
const UNKNOWN_KEY = '401 The token is signed with an unknown key';

const SPIFFE: TokenTypes = new Set(['jose', 'jwt']);

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer();
});

afterAll(() => issuer.close());

async function show(typ: unknown, tokenTypes?: TokenTypes, use = 'sig'): Promise<string> {
  const keys = { kind: 'inline', jwks: { keys: [{ ...issuer.key.jwk, use }] } } as const;
  const stage = createStage([issuer.model({ keys, ...(tokenTypes && { tokenTypes }) })]);
  const found = outcome(await stage.show(issuer.sign({}, { typ })));
  stage.close();
  return found;
}

it.each(['JOSE', 'jose', 'application/jose', 'Application/JOSE', 'JWT'])(
  'the type %s is accepted if the issuer lists JOSE and JWT',
  async (typ) => {
    expect(await show(typ, SPIFFE)).toBe(GOOD);
  },
);

it.each([undefined, 'at+jwt', 'JOSE+JSON', 'x/jose', 'application/application/jose', '', 5, null, ['JOSE']])(
  'the type %j is refused there',
  async (typ) => {
    expect(await show(typ, SPIFFE)).toBe(OTHER_TYPE);
  },
);

it('JOSE is refused if the issuer does not list it', async () => {
  expect(await show('JOSE')).toBe(OTHER_TYPE);
});

it('no type is accepted if the issuer lists absent', async () => {
  expect(await show(undefined, new Set([undefined]))).toBe(GOOD);
  expect(await show('JWT', new Set([undefined]))).toBe(OTHER_TYPE);
});

it('a key with the use jwt-svid is accepted if the issuer lists JOSE, and not otherwise', async () => {
  expect(await show('JOSE', SPIFFE, 'jwt-svid')).toBe(GOOD);
  expect(await show('JWT', undefined, 'jwt-svid')).toBe(UNKNOWN_KEY);
  expect(await show('JOSE', SPIFFE, 'x509-svid')).toBe(UNKNOWN_KEY);
});
