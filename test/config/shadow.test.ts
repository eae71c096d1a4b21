import { describe, expect, it } from 'vitest';
import type { Route } from '../../src/model/route.js';
import { accessOf, load, onRoute, onTop, problemsOf, VALID } from './planted.js';

const ADVICE = 'remove it, or put it into the limit or the condition that is not to refuse yet';

async function routeOf(text: string): Promise<Route> {
  const { settings } = await load(text);
  return settings.routes[0]!;
}

const requirementOf = ({ access }: Route) => (access.kind === 'scoped' ? access.requirement : undefined);

describe('shadow', () => {
  it.each([
    [
      accessOf('public: true\n    shadow: true'),
      [`9:5: "shadow" is for the scope of the route, and a public route needs none; ${ADVICE}`],
    ],
    [
      accessOf('scope: none\n    shadow: true'),
      [`9:5: "shadow" is for the scope of the route, and scope: none needs none; ${ADVICE}`],
    ],
    [
      accessOf('shadow: true'),
      ['6:5: the route has neither "scope" nor "public: true"; no endpoint is open by accident: give it one'],
    ],
    [onRoute('shadow: 1'), ['9:13: "shadow" must be true or false']],
    [onRoute('require: [{claim: a, is: b, shadow: 1}]'), ['9:41: "shadow" must be true or false']],
    [
      onTop('shadow: true'),
      ['1:1: unknown key "shadow" here; it belongs in a route or in the long form of a limit'],
    ],
    [
      onRoute('limit: [{requests: 1, window: 1m, shadow: true}, {requests: 2, window: 60s, shadow: true}]'),
      ['9:54: two limits have the same window (1m) and by (app)'],
    ],
    [
      onRoute(
        'limit: {requests: 1, window: 1m, share: s, shadow: true}\n  - {match: GET /b, upstream: api, scope: a, limit: {requests: 1, window: 1m, share: s}}',
      ),
      [
        '10:46: the shared limit "s" is 1 per 1m by app in shadow elsewhere; routes that share a count share its limit',
      ],
    ],
    [
      onTop('redis: {cluster: ["127.0.0.1:7000"]}') +
        '    limit: [1 per 1m, {requests: 1, window: 1m, by: ip, shadow: true}, {requests: 1, window: 1m, by: route, shadow: true}]\n',
      [
        '10:72: in a Redis Cluster the limits of a route are counted together only where they have the same "by", and with by: route the same "share"; give the route fewer kinds of limits',
      ],
    ],
  ])('in the file %j is refused', async (text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });

  it.each([
    onTop('redis: {cluster: ["127.0.0.1:7000"]}') +
      '    limit: [1 per 1m, {requests: 1, window: 1m, by: route, shadow: true}]\n',
    onRoute('shadow: false'),
    accessOf('public: true\n    shadow: false'),
    accessOf('public: true\n    limit: {requests: 1, window: 1m, shadow: true}'),
    accessOf('scope: none\n    limit: {requests: 1, window: 1m, shadow: true}'),
    onRoute('limit: [1 per 1m, {requests: 1, window: 1m, shadow: true}]'),
  ])('in the file %j is accepted', async (text) => {
    expect(await problemsOf(text)).toEqual([]);
  });

  it('beside a scope leaves any valid token, and keeps the scope for the record', async () => {
    const route = await routeOf(onRoute('shadow: true\n    issuer: main'));
    expect(requirementOf(route)).toEqual({ mode: 'all', scopes: [] });
    expect(requirementOf(route.shadow!)).toEqual({ mode: 'all', scopes: ['a:read'] });
    for (const { access } of [route, route.shadow!])
      expect(access).toMatchObject({ kind: 'scoped', issuers: new Set(['main']) });
    expect(route.shadow).toMatchObject({
      limits: [],
      require: undefined,
      onFailure: 'open',
      shadow: undefined,
    });
  });

  it('in a condition or a limit leaves the scope and the other ones in force', async () => {
    const limits = '[10 per 1m, {requests: 3, window: 1m, shadow: true}]';
    const conditions = '[{claim: org, is: a, shadow: true}, {claim: tier, has: b}]';
    const route = await routeOf(
      onRoute(`require: ${conditions}\n    limit: ${limits}\n    on_failure: closed`),
    );
    expect(requirementOf(route)).toEqual({ mode: 'all', scopes: ['a:read'] });
    expect(route.require).toMatchObject([{ name: 'tier' }]);
    expect(route.limits).toMatchObject([{ requests: 10 }]);
    expect(route.onFailure).toBe('closed');
    expect(requirementOf(route.shadow!)).toEqual({ mode: 'all', scopes: [] });
    expect(route.shadow).toMatchObject({ require: [{ name: 'org' }], limits: [{ requests: 3 }] });
    expect(route.shadow!.limits[0]!.id).not.toBe(route.limits[0]!.id);
  });

  it('in the default limit is for every route without its own', async () => {
    const route = await routeOf(onTop('defaults: {limit: {requests: 3, window: 1m, shadow: true}}'));
    expect(route.limits).toEqual([]);
    expect(route.shadow?.limits).toMatchObject([{ requests: 3 }]);
  });

  it('is absent from a route without it, whose claims alone are kept', async () => {
    const { settings } = await load(onRoute('require: [{claim: org, is: a}]'));
    expect(settings.routes[0]?.shadow).toBeUndefined();
    const shadowed = await load(onRoute('require: [{claim: org, is: a, shadow: true}]'));
    expect(shadowed.settings.keptClaims).toEqual(settings.keptClaims);
    expect(settings.keptClaims).toContain('org');
  });

  it('of a scope is warned of where another host needs the scope', async () => {
    const text = VALID.replace('scope: a:read', 'scope: a:read\n    host: api.example.com');
    const open = '  - {match: GET /a, upstream: api, scope: a:read, shadow: true}\n';
    const warningsOf = async (yaml: string) => (await load(yaml)).warnings.map(({ text: words }) => words);
    expect(await warningsOf(text + open)).toEqual([
      'at other hosts this route with its scope in shadow opens "GET /a" in line 6, which needs a scope at api.example.com',
    ]);
    expect(await warningsOf(text + open.replace(', shadow: true', ''))).toEqual([]);
  });
});
