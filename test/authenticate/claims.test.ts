import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Issuer } from '../../src/model/issuer.js';
import { Refusal } from '../../src/model/refusal.js';
import { createTestIssuer, type Claims, type TestIssuer } from '../support/tokens.js';
import { createStage } from './support.js';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer();
});

afterAll(() => issuer.close());

/** The app and scopes of a token, or why it is refused. */
async function show(changes: Partial<Issuer>, claims: Claims): Promise<string> {
  const stage = createStage([issuer.model(changes)]);
  const found = await stage.show(issuer.sign(claims));
  stage.close();
  return found instanceof Refusal ? String(found.detail) : `${found.app}: ${found.scopes.join(' ')}`;
}

const NO_APP = 'The token does not name an app';
const OTHER_AUDIENCE = 'The token is for another audience';

describe('The app', () => {
  const claims = { app: [['azp'], ['client', 'id'], ['sub']], scope: [['scope']] };

  it.each([
    [{ azp: 'a', client: { id: 'b' }, sub: 'c' }, 'a: '],
    [{ client: { id: 'b' }, sub: 'c' }, 'b: '],
    [{ azp: null, client: { id: null }, sub: 'c' }, 'c: '],
    [{ client: 'text', sub: 'c' }, 'c: '],
    [{ azp: '', sub: 'c' }, NO_APP],
    [{ azp: ['a'], sub: 'c' }, NO_APP],
    [{ azp: 'a\u0000', sub: 'c' }, NO_APP],
    [{ sub: undefined }, NO_APP],
  ])('is the first claim that the token has: %j', async (payload, expected) => {
    expect(await show({ claims }, payload)).toBe(expected);
  });
});

describe('The scopes', () => {
  const claims = { app: [['sub']], scope: [['scp'], ['roles'], ['realm_access', 'roles']] };

  it.each([
    [{ scp: 'a b', roles: ['c'], realm_access: { roles: ['d', 'a'] } }, 'app-1: a b c d'],
    [{ roles: { admin: { 1: 'x' }, user: {}, guest: false, former: null } }, 'app-1: admin user'],
    [{ roles: { 'no scope': {}, 'a"b': {} }, scp: 'a' }, 'app-1: a'],
    [{ realm_access: ['a'] }, 'app-1: '],
    [{ scope: 'a' }, 'app-1: '],
  ])('are those of all claims together: %j', async (payload, expected) => {
    expect(await show({ claims }, payload)).toBe(expected);
  });

  it('are at most those that the issuer may grant, whichever claim has them', async () => {
    expect(await show({ claims, grants: ['a'] }, { scp: 'a b', roles: { b: {}, a: {} } })).toBe('app-1: a');
  });
});

describe('The audience', () => {
  const inClaim = { audience: ['abc', 'def'], audienceClaim: ['client_id'] };

  it.each([
    [{ aud: undefined, client_id: 'def' }, 'app-1: '],
    [{ aud: undefined, client_id: ['x', 'abc'] }, 'app-1: '],
    [{ client_id: 'other' }, OTHER_AUDIENCE],
    [{ aud: 'abc' }, OTHER_AUDIENCE],
    [{ client_id: { abc: true } }, OTHER_AUDIENCE],
    [{ client_id: ['abc', 5] }, OTHER_AUDIENCE],
    [{ client_id: 'abc def' }, OTHER_AUDIENCE],
  ])('in another claim is compared there: %j', async (payload, expected) => {
    expect(await show(inClaim, payload)).toBe(expected);
  });

  it('is also found in an object', async () => {
    const nested = { audience: ['abc'], audienceClaim: ['client', 'id'] };
    expect(await show(nested, { client: { id: 'abc' } })).toBe('app-1: ');
    expect(await show(nested, { client: 'abc' })).toBe(OTHER_AUDIENCE);
  });
});
