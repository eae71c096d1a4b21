import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { hasDuplicateKeys } from '../../src/shared/duplicate-keys.js';
import { Refusal } from '../../src/model/refusal.js';
import { base64url, createTestIssuer, signTexts, type TestIssuer } from '../support/tokens.js';
import { createStage, headOf, SCOPED, type Stage } from './support.js';

let issuer: TestIssuer;
let elliptic: TestIssuer;
let stage: Stage;

beforeAll(async () => {
  [issuer, elliptic] = await Promise.all([createTestIssuer(), createTestIssuer({ alg: 'ES256' })]);
  stage = createStage([issuer.model(), elliptic.model({ name: 'elliptic' })]);
});

afterAll(async () => {
  stage.close();
  await Promise.all([issuer.close(), elliptic.close()]);
});

describe('A token that differs from what its issuer signed', () => {
  it('is never accepted with one byte of any part changed', async () => {
    for (const good of [issuer.sign(), elliptic.sign()]) {
      expect(await stage.show(good)).not.toBeInstanceOf(Refusal);
      const parts = good.split('.').map((part) => Buffer.from(part, 'base64url'));
      const changes = fc.tuple(fc.nat(2), fc.nat(), fc.integer({ min: 1, max: 255 }));
      await fc.assert(
        fc.asyncProperty(changes, async ([index, place, flip]) => {
          const changed = parts.map((part) => Buffer.from(part));
          const part = changed[index]!;
          part[place % part.length]! ^= flip;
          const token = changed.map((bytes) => bytes.toString('base64url')).join('.');
          expect(await stage.show(token)).toBeInstanceOf(Refusal);
        }),
        { numRuns: 300 },
      );
    }
  });

  it('is never accepted with one character replaced, added or removed', async () => {
    const good = issuer.sign();
    await stage.show(good);
    const place = fc.nat(good.length - 1);
    const unit = fc.constantFrom('A', 'B', 'z', '0', '9', '-', '_', '.', '~', '+', '/', '=', ' ', ',', '"');
    await fc.assert(
      fc.asyncProperty(place, fc.nat(1), fc.string({ unit, maxLength: 1 }), async (at, cut, put) => {
        const token = good.slice(0, at) + put + good.slice(at + cut);
        // An additional space before a token is no part of it (RFC 6750 2.1: 1*SP).
        fc.pre(token.trimStart() !== good);
        expect(await stage.show(token)).toBeInstanceOf(Refusal);
      }),
      { numRuns: 300 },
    );
  });
});

describe('Any Authorization', () => {
  it('is refused with 400 or 401 and never throws', async () => {
    const junk = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }).map((text) => `Bearer ${text}`),
      fc.tuple(fc.json(), fc.json(), fc.base64String()).map(([header, payload, signature]) => {
        return `Bearer ${base64url(header)}.${base64url(payload)}.${signature}`;
      }),
    );
    await fc.assert(
      fc.asyncProperty(junk, async (authorization) => {
        const found = await stage.authenticate(headOf(authorization), SCOPED);
        expect(found).toBeInstanceOf(Refusal);
        expect([400, 401]).toContain((found as Refusal).status);
      }),
      { numRuns: 500 },
    );
  });

  it('never throws when a trusted issuer has signed it', async () => {
    const header = JSON.stringify({ alg: 'RS256', kid: issuer.key.kid });
    const odd = fc.record(
      {
        exp: fc.oneof(fc.double(), fc.jsonValue()),
        nbf: fc.oneof(fc.double(), fc.jsonValue()),
        iat: fc.jsonValue(),
        aud: fc.jsonValue(),
        sub: fc.jsonValue(),
        scope: fc.jsonValue(),
        more: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(odd, async (claims) => {
        const payload = JSON.stringify({ iss: issuer.iss, ...claims });
        expect(await stage.show(signTexts(header, payload, issuer.key))).toBeDefined();
      }),
      { numRuns: 100 },
    );
  });
});

describe('The scan for duplicate names', () => {
  it('finds none in what JSON.stringify writes, and one as soon as a name is repeated', () => {
    const spaces = fc.constantFrom(undefined, 1, '\t', '  ');
    fc.assert(
      fc.property(fc.jsonValue(), spaces, fc.string(), (value, space, name) => {
        const text = JSON.stringify({ value }, null, space);
        expect(hasDuplicateKeys(text)).toBe(false);
        const key = JSON.stringify(name);
        expect(hasDuplicateKeys(`[${text}, {${key}: ${text}, "x${name.length}": 1 , ${key} : 2}]`)).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });
});
