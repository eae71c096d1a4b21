import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import type { Refusal } from '../../src/model/refusal.js';
import { createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, outcome, routeOf, headOf, type Stage } from './support.js';

let issuer: TestIssuer;
let stage: Stage;
let revoked: Set<string>;

beforeAll(async () => void (issuer = await createTestIssuer()));
afterAll(() => issuer.close());
beforeEach(() => {
  revoked = new Set();
  stage = createStage([issuer.model()], { isRevoked: ({ app }) => revoked.has(app) });
});
afterEach(() => stage.close());

const REVOKED = '401 The token has been revoked';

describe('A revoked caller', () => {
  it('is refused at the first use of its token', async () => {
    revoked.add('app-1');
    const found = await stage.show(issuer.sign());
    expect(outcome(found)).toBe(REVOKED);
    expect((found as Refusal).headers).toEqual([
      'WWW-Authenticate',
      'Bearer realm="tollgate", error="invalid_token", error_description="The token has been revoked"',
    ]);
  });

  it('is refused with a cached token, and admitted with it when the revocation is undone', async () => {
    const token = issuer.sign();
    expect(outcome(await stage.show(token))).toBe('test-issuer/app-1');
    revoked.add('app-1');
    expect(outcome(await stage.show(token))).toBe(REVOKED);
    revoked.clear();
    expect(outcome(await stage.show(token))).toBe('test-issuer/app-1');
  });

  it('may have its token cached while it is revoked', async () => {
    revoked.add('app-1');
    const token = issuer.sign();
    await stage.show(token);
    revoked.clear();
    // Synchronous: it is found in the cache.
    const route = routeOf({ kind: 'scoped', requirement: { mode: 'all', scopes: [] }, issuers: undefined });
    expect(stage.authenticate(headOf(`Bearer ${token}`), route)).toMatchObject({ app: 'app-1' });
  });

  it('that is revoked while its token is being verified is refused', async () => {
    const showing = stage.show(issuer.sign());
    revoked.add('app-1');
    expect(outcome(await showing)).toBe(REVOKED);
  });

  it('gets the expiry error if its token has expired', async () => {
    const token = issuer.sign({ exp: Math.floor(Date.now() / 1000) + 60 });
    await stage.show(token);
    revoked.add('app-1');
    stage.clock.fixedMs = Date.now() + 120_000;
    expect(outcome(await stage.show(token))).toBe('401 The token has expired');
  });

  it('is anonymous on a public route', () => {
    revoked.add('').add('app-1');
    const found = stage.authenticate(headOf(`Bearer ${issuer.sign()}`), routeOf({ kind: 'public' }));
    expect(found).toMatchObject({ app: '' });
  });
});

describe('The Principal', () => {
  it('has the time at which its token was issued, or the earliest time if the token does not state it', async () => {
    expect(await stage.show(issuer.sign({ iat: 1_700_000_000.5 }))).toMatchObject({
      issuedAtMs: 1_700_000_000_500,
    });
    expect(await stage.show(issuer.sign({ iat: undefined }))).toMatchObject({ issuedAtMs: -Infinity });
  });
});
