import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, outcome, type Stage } from './support.js';

const SKEW_S = 30;
const T = 1_800_000_000;

let issuer: TestIssuer;
let stage: Stage;

/** Sets the clock to so many seconds after `T`. */
function turnTo(seconds: number): void {
  stage.clock.fixedMs = (T + seconds) * 1000;
}

beforeAll(async () => {
  issuer = await createTestIssuer();
  stage = createStage([issuer.model({ requireExp: false, clockSkewMs: SKEW_S * 1000 })], {
    maxStaleMs: Infinity,
  });
  turnTo(0);
});

afterAll(async () => {
  stage.close();
  await issuer.close();
});

const EXPIRED = '401 The token has expired';
const EARLY = '401 The token is not valid yet';
const GOOD = 'test-issuer/app-1';

describe.each(['first seen', 'remembered'])('The time of a token that is %s', (sight) => {
  async function showAt(seconds: number, claims: Record<string, unknown>): Promise<string> {
    const token = issuer.sign({ iat: undefined, exp: undefined, jti: `${sight} ${seconds}`, ...claims });
    if (sight === 'remembered') {
      turnTo(50);
      expect(outcome(await stage.show(token))).toBe(GOOD);
    }
    turnTo(seconds);
    return outcome(await stage.show(token));
  }

  it('ends at exp plus the clock skew, to the millisecond', async () => {
    expect(await showAt(100 + SKEW_S - 0.001, { exp: T + 100 })).toBe(GOOD);
    expect(await showAt(100 + SKEW_S, { exp: T + 100 })).toBe(EXPIRED);
    expect(await showAt(86_400, { exp: T + 100 })).toBe(EXPIRED);
  });

  it('may be given in fractions of a second', async () => {
    expect(await showAt(100.4 + SKEW_S, { exp: T + 100.5 })).toBe(GOOD);
    expect(await showAt(100.5 + SKEW_S, { exp: T + 100.5 })).toBe(EXPIRED);
  });

  it('starts at nbf less the clock skew', async () => {
    expect(await showAt(50 - SKEW_S, { nbf: T + 50 })).toBe(GOOD);
    expect(await showAt(50 - SKEW_S - 1, { nbf: T + 50 })).toBe(EARLY);
  });

  it('starts at iat less the clock skew: a token from the future is refused', async () => {
    expect(await showAt(50 - SKEW_S, { iat: T + 50 })).toBe(GOOD);
    expect(await showAt(50 - SKEW_S - 1, { iat: T + 50 })).toBe(EARLY);
    expect(await showAt(-86_400, { iat: T })).toBe(EARLY);
  });

  it('never ends without exp, if the issuer allows it', async () => {
    expect(await showAt(1e9, {})).toBe(GOOD);
  });
});

describe('The clock of the gateway', () => {
  it('is the injected one, also in express-jwt', async () => {
    turnTo(0);
    expect(outcome(await stage.show(issuer.sign({ iat: undefined, exp: T - SKEW_S })))).toBe(EXPIRED);
    expect(outcome(await stage.show(issuer.sign({ iat: undefined, exp: T - SKEW_S + 1 })))).toBe(GOOD);
  });

  it('converts exp to the expiry of the Principal, without the clock skew', async () => {
    turnTo(0);
    expect(await stage.show(issuer.sign({ iat: undefined, exp: T + 5 }))).toMatchObject({
      expiresAtMs: (T + 5) * 1000,
    });
  });
});
