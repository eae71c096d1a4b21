import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthorize } from '../../src/authorize/authorize.js';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { ClaimCondition } from '../../src/model/claim.js';
import type { Refusal } from '../../src/model/refusal.js';
import type { Route } from '../../src/model/route.js';
import { routeOf } from '../model/route-of.js';

const step = createAuthorize();

function authorize(principal: Principal, route: Route, path = '/stamps') {
  return step(principal, route, path);
}

function withScopes(...scopes: string[]): Principal {
  return { ...ANONYMOUS, issuer: 'tokens', app: 'app', scopes };
}

function messageIn({ body }: Refusal): string {
  const { errors } = JSON.parse(body) as { errors: { message: string }[] };
  return errors[0]!.message;
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

it.each([
  [['a'], 'all', 'a'],
  [['a', 'b'], 'all', 'all of a, b'],
  [['a'], 'any', 'a'],
  [['a', 'b'], 'any', 'one of a, b'],
] as const)(
  'A refusal for the lack of %j (%s of them) says in its body and detail: %s',
  (scopes, mode, text) => {
    const refusal = authorize(ANONYMOUS, routeOf('GET /stamps', { scope: { mode, scopes } }))!;
    expect(refusal.detail).toBe(text);
    expect(messageIn(refusal)).toBe(`The token does not have the scope that this resource requires: ${text}`);
  },
);

it('A refusal of any scope has a body that is JSON in ASCII and names the scope', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (scope) => {
      const refusal = authorize(ANONYMOUS, routeOf('GET /', { scope: { mode: 'all', scopes: [scope] } }))!;
      expect(messageIn(refusal)).toBe(
        `The token does not have the scope that this resource requires: ${scope}`,
      );
      expect(refusal.body).toMatch(/^[\x20-\x7f]*$/);
    }),
  );
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

describe('A route with conditions on claims', () => {
  const ORG: ClaimCondition = { path: ['org_id'], name: 'org_id', test: 'is', values: [], parameter: 'org' };
  const ROLE: ClaimCondition = { path: ['roles'], name: 'roles', test: 'has', values: ['admin', 'owner'] };
  const SCOPE = { scope: { mode: 'all', scopes: ['a'] } } as const;
  const route: Route = { ...routeOf('GET /orgs/{org}/{rest**}', SCOPE), require: [ORG, ROLE] };
  const caller = (claims: Record<string, unknown>, ...scopes: string[]): Principal => ({
    ...withScopes(...scopes),
    claims,
  });

  it.each([
    ['/orgs/acme', { org_id: 'acme', roles: ['admin'] }],
    ['/orgs/acme/', { org_id: 'acme', roles: 'x owner' }],
    ['/orgs/acme/a/b', { org_id: 'acme', roles: { admin: {} } }],
    ['/orgs/a%20b%C3%A9/x', { org_id: 'a bé', roles: ['admin'] }],
    ['/orgs/7', { org_id: 7, roles: ['admin'] }],
  ])('lets %s through for %j', (path, claims) => {
    expect(authorize(caller(claims, 'a'), route, path)).toBeUndefined();
  });

  it.each([
    ['/orgs/acme', {}],
    ['/orgs/acme', { org_id: 'acme' }],
    ['/orgs/acme', { roles: ['admin'] }],
    ['/orgs/acme', { org_id: 'Acme', roles: ['admin'] }],
    ['/orgs/acme', { org_id: ['acme'], roles: ['admin'] }],
    ['/orgs/acme', { org_id: 'acme', roles: ['administrator'] }],
    ['/orgs/%7Borg%7D', { org_id: 'acme', roles: ['admin'] }],
    ['/orgs/a%2520b', { org_id: 'a b', roles: ['admin'] }],
    ['/orgs/true', { org_id: true, roles: ['admin'] }],
  ])('refuses %s for %j', (path, claims) => {
    const refusal = authorize(caller(claims, 'a'), route, path);
    expect(refusal?.status).toBe(403);
    expect(refusal?.body).toContain('"code":220');
  });

  it('names the claim in the body, and no value', () => {
    const refusal = authorize(caller({ org_id: 'secret', roles: ['admin'] }, 'a'), route, '/orgs/acme')!;
    expect(messageIn(refusal)).toBe(
      'The claims of the token do not satisfy a condition of this resource: claim org_id',
    );
  });

  it('names the claim in the challenge, and no value', () => {
    expect(
      authorize(caller({ org_id: 'secret', roles: ['admin'] }, 'a'), route, '/orgs/acme')?.headers,
    ).toEqual([
      'WWW-Authenticate',
      'Bearer realm="tollgate", error="insufficient_scope", error_description="The token\'s claim org_id does not satisfy this resource\'s condition"',
    ]);
    const odd: Route = { ...route, require: [{ ...ROLE, name: 'a"\\é\r\n' }] };
    expect(authorize(caller({}, 'a'), odd, '/orgs/acme')?.headers[1]).toContain('claim a????? does not');
  });

  it('checks the scopes first', () => {
    expect(
      authorize(caller({ org_id: 'acme', roles: ['admin'] }), route, '/orgs/acme')?.headers[1],
    ).toContain('scope="a"');
  });

  it('admits no caller whom it would refuse with fewer conditions', () => {
    const value = fc.constantFrom('a', 'b', 7, true);
    const condition: fc.Arbitrary<ClaimCondition> = fc
      .tuple(
        fc.constantFrom('x', 'y', '__proto__', 'toString'),
        fc.constantFrom('is', 'has'),
        fc.array(value, { minLength: 1 }),
        fc.option(fc.constantFrom('org', 'rest', 'none'), { nil: undefined }),
      )
      .map(([name, test, values, parameter]) =>
        parameter === undefined
          ? { path: [name], name, test, values }
          : { path: [name], name, test, values: [], parameter },
      );
    const claims = fc.dictionary(
      fc.constantFrom('x', 'y'),
      fc.oneof(value, fc.array(value), fc.constantFrom('a b', null, { a: 1 })),
    );
    fc.assert(
      fc.property(
        claims,
        fc.array(condition),
        condition,
        fc.constantFrom('a', 'b', '7'),
        (held, some, more, org) => {
          const path = `/orgs/${org}/b`;
          const refused = authorize(caller(held, 'a'), { ...route, require: some }, path);
          const stricter = authorize(caller(held, 'a'), { ...route, require: [...some, more] }, path);
          if (refused !== undefined) expect(stricter?.status).toBe(403);
          expect(authorize(caller(held), { ...route, require: [more] }, path)?.reason).toBe(
            'insufficient_scope',
          );
        },
      ),
    );
  });
});
