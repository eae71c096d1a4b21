import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClaimCondition } from '../../src/model/claim.js';
import { NO_CLAIMS } from '../../src/model/principal.js';
import { createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, outcome } from './support.js';

let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await createTestIssuer();
});

afterAll(() => issuer.close());

const GOOD = 'test-issuer/app-1';
const MISSING = '401 The token lacks a claim that its issuer must give it';
const ACCESS: ClaimCondition = { path: ['token_use'], name: 'token_use', test: 'is', values: ['access'] };

describe('An issuer with required claims', () => {
  it('accepts a token that has them, and refuses one that lacks one or has another value', async () => {
    const stage = createStage([issuer.model({ require: [ACCESS] })]);
    expect(outcome(await stage.show(issuer.sign({ token_use: 'access' })))).toBe(GOOD);
    expect(outcome(await stage.show(issuer.sign({ token_use: 'id' })))).toBe(MISSING);
    expect(outcome(await stage.show(issuer.sign()))).toBe(MISSING);
    stage.close();
  });

  it('admits nothing with one more condition that it refused without it', async () => {
    const value = fc.constantFrom<(string | number | boolean)[]>('a', 'b', 'a b', 1, true);
    const claims = fc.record(
      { x: fc.oneof(value, fc.array(value), fc.dictionary(fc.constantFrom('a', 'b'), value)), y: value },
      { requiredKeys: [] },
    );
    const condition = fc.record<ClaimCondition>({
      path: fc.constantFrom(['x'], ['y'], ['x', 'a']),
      name: fc.constant('a claim'),
      test: fc.constantFrom('is', 'has'),
      values: fc.array(value, { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(
        claims,
        fc.array(condition, { maxLength: 2 }),
        condition,
        async (payload, require, added) => {
          const before = createStage([issuer.model({ require })]);
          const after = createStage([issuer.model({ require: [...require, added] })]);
          const token = issuer.sign(payload);
          const [withoutIt, withIt] = [outcome(await before.show(token)), outcome(await after.show(token))];
          before.close();
          after.close();
          if (withoutIt !== GOOD) expect(withIt).toBe(withoutIt);
          else expect([GOOD, MISSING]).toContain(withIt);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('A Principal', () => {
  it('keeps the named claims of its token and no others', async () => {
    const stage = createStage([issuer.model()], { keptClaims: ['org', 'realm_access', 'absent'] });
    const token = issuer.sign({ org: 5, realm_access: { roles: ['a'] }, email: 'a@example.org' });
    const principal = await stage.show(token);
    expect(principal).toMatchObject({ claims: { org: 5, realm_access: { roles: ['a'] } } });
    expect(Object.keys((principal as { claims: object }).claims)).toEqual(['org', 'realm_access']);
    expect(Object.isFrozen((principal as { claims: object }).claims)).toBe(true);
    stage.close();
  });

  it('has one empty object where no claim is named', async () => {
    const stage = createStage([issuer.model()]);
    expect((await stage.show(issuer.sign({ org: 5 }))) as object).toHaveProperty('claims', NO_CLAIMS);
    stage.close();
  });
});
