import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthorize } from '../../src/authorize/authorize.js';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import { routeOf } from '../model/route-of.js';

const authorize = createAuthorize();

function withScopes(...scopes: string[]): Principal {
  return { ...ANONYMOUS, issuer: 'tokens', app: 'app', scopes };
}

describe('A route that requires all of its scopes', () => {
  const route = routeOf('GET /stamps', { scope: { mode: 'all', scopes: ['stamps:read', 'sso'] } });

  it('admits a caller that has every one of them', () => {
    expect(authorize(withScopes('sso', 'other', 'stamps:*'), route)).toBeUndefined();
  });

  it.each([[[]], [['stamps:read']], [['sso']], [['stamps:readx', 'sso']], [['stamps', 'sso']]])(
    'refuses a caller that has only %j',
    (scopes) => {
      expect(authorize(withScopes(...scopes), route)?.reason).toBe('insufficient_scope');
    },
  );

  it('refuses with 403, code 220 and a challenge that names the scopes', () => {
    const refusal = authorize(withScopes(), route);
    expect(refusal?.status).toBe(403);
    expect(refusal?.body).toContain('"code":220');
    expect(refusal?.headers).toEqual([
      'WWW-Authenticate',
      'Bearer realm="tollgate", error="insufficient_scope", scope="stamps:read sso"',
    ]);
  });

  it('creates its refusal once', () => {
    expect(authorize(withScopes(), route)).toBe(authorize(withScopes('sso'), route));
  });
});

describe('A route that requires any of its scopes', () => {
  const route = routeOf('GET /stamps', { scope: { mode: 'any', scopes: ['stamps:write', 'sso'] } });

  it.each([[['sso']], [['stamps:write']], [['stamps:*']], [['*']]])('admits a caller with %j', (scopes) => {
    expect(authorize(withScopes(...scopes), route)).toBeUndefined();
  });

  it('refuses a caller that has none, and names them all', () => {
    expect(authorize(withScopes('stamps:read'), route)?.headers[1]).toContain('scope="stamps:write sso"');
  });
});

it('A public route admits every caller', () => {
  expect(authorize(ANONYMOUS, routeOf('GET /status'))).toBeUndefined();
});

it('The anonymous caller is never admitted to a route with a scope', () => {
  const route = routeOf('GET /stamps', { scope: { mode: 'all', scopes: ['a'] } });
  expect(authorize(ANONYMOUS, route)?.status).toBe(403);
});

it('An invalid scope-token cannot inject into the challenge', () => {
  const route = routeOf('GET /stamps', { scope: { mode: 'all', scopes: ['a', 'b", c="d', '\u00e9\r\n'] } });
  expect(authorize(ANONYMOUS, route)?.headers[1]).toBe(
    'Bearer realm="tollgate", error="insufficient_scope", scope="a"',
  );
});

it('An additional scope never makes an admitted caller refused', () => {
  const scope = fc
    .array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 3 })
    .map((segments) => segments.join(':'));
  fc.assert(
    fc.property(
      fc.array(scope, { maxLength: 4 }),
      scope,
      fc.constantFrom('all' as const, 'any' as const),
      fc.array(scope, { minLength: 1, maxLength: 3 }),
      (granted, further, mode, required) => {
        const route = routeOf('GET /', { scope: { mode, scopes: required } });
        const before = authorize(withScopes(...granted), route);
        const after = authorize(withScopes(...granted, further), route);
        if (before === undefined) expect(after).toBeUndefined();
      },
    ),
    { numRuns: 2000 },
  );
});
