/** Tokens without `kid`, of an issuer that publishes several keys while it rotates them. */
import { expect, it, vi } from 'vitest';
import { createSigningKey, type SigningKey } from '../support/tokens.js';
import { issuer, open, useFakeTime } from './fake-time.js';
import { createStage, outcome, type Stage } from './support.js';

const GOOD = 'test-issuer/app-1';
const WRONG = '401 The signature of the token is wrong';
const KEYS = Array.from({ length: 5 }, () => createSigningKey());

useFakeTime();

function openStage(): Stage {
  const stage = createStage([issuer.model()]);
  open.push(...stage.keySets);
  return stage;
}

const show = async (stage: Stage, key: SigningKey, jti = 'any') =>
  outcome(await stage.show(issuer.sign({ jti }, { kid: undefined }, key)));

it('are accepted with the old key and the new one, while both are published', async () => {
  const old = issuer.key;
  const fresh = issuer.rotate();
  const stage = openStage();
  expect(await show(stage, old)).toBe(GOOD);
  expect(await show(stage, fresh)).toBe(GOOD);
  expect(issuer.fetches).toBe(1);
});

it('are accepted with a new key that the gateway has not fetched yet, after one fetch', async () => {
  const stage = openStage();
  expect(await show(stage, issuer.key)).toBe(GOOD);
  const fresh = issuer.rotate();
  expect(await show(stage, fresh)).toBe(GOOD);
  expect(issuer.fetches).toBe(2);
});

it('are accepted with one of the first four keys that fit their algorithm', async () => {
  issuer.jwks.keys = [createSigningKey('ES256').jwk, ...KEYS.map(({ jwk }) => jwk)];
  const stage = openStage();
  const found = [];
  for (const key of KEYS) found.push(await show(stage, key));
  expect(found).toEqual([GOOD, GOOD, GOOD, GOOD, WRONG]);
});

it('are refused with a key that is not published, and a flood of them costs one fetch in 30 seconds', async () => {
  issuer.jwks.keys = KEYS.map(({ jwk }) => jwk);
  const stage = openStage();
  const stranger = createSigningKey();
  const flood = Array.from({ length: 200 }, (_, n) => show(stage, stranger, `flood-${n}`));
  expect(await show(stage, KEYS[0]!)).toBe(GOOD);
  expect(new Set(await Promise.all(flood))).toEqual(new Set([WRONG]));
  expect(issuer.fetches).toBe(2);
  vi.advanceTimersByTime(29_000);
  expect(await show(stage, stranger, 'late')).toBe(WRONG);
  expect(issuer.fetches).toBe(2);
});

it('do not change the meaning of a kid: a token with one is verified only with the keys of that kid', async () => {
  const old = issuer.key;
  const fresh = issuer.rotate();
  const stage = openStage();
  expect(outcome(await stage.show(issuer.sign({}, { kid: old.kid }, fresh)))).toBe(WRONG);
});
