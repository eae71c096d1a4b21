/** What needs attention, and the figures of the overview, by a clock of the test. */
import { describe, expect, it } from 'vitest';
import { AppDirectory, firstRequests, localOrigin } from '../../src/console/server/console.js';
import { overviewOf, type HeldFault, type OverviewSources } from '../../src/console/server/overview.js';
import { compileConfig } from '../../src/config/config.js';
import type { Actor } from '../../src/tokens/administration/policy.js';
import { Traffic } from '../../src/telemetry/traffic.js';
import { exchangeRecord, type Exchange } from '../telemetry/traffic-fixture.js';

const START = Date.UTC(2026, 10, 22, 10, 0, 5);
const ADMINISTRATOR: Actor = { kind: 'administrator' };
const DEVELOPER: Actor = { kind: 'developer', user: 'dana', organization: 'Acme', scopes: [] };
const MINUTE_MS = 60_000;

function open({ registry = true, faults = [] as readonly HeldFault[] } = {}) {
  const clock = { ms: START };
  const now = (): number => clock.ms;
  const traffic = new Traffic({ now });
  const known: Record<string, { name: string; organization: string }> = {
    'key-1': { name: 'Shop', organization: 'Acme' },
    'key-2': { name: 'Rival', organization: 'Other' },
  };
  const findApp = (key: string) =>
    registry ? Promise.resolve(known[key]) : Promise.reject(new Error('away'));
  const sources: OverviewSources = {
    collect: (from) => Promise.resolve({ buckets: traffic.buckets(from), gateways: 1 }),
    apps: new AppDirectory({ findApp, now }),
    faults: () => Promise.resolve(faults),
    firstRequests: () => [],
    now,
  };
  /** Counts an exchange of each app in each of so many minutes. */
  function refuse(minutes: number, ...apps: (readonly [string, string])[]): void {
    for (let minute = 0; minute < minutes; minute++) {
      clock.ms += MINUTE_MS;
      traffic.advance();
      for (const app of apps) traffic.add(exchangeRecord({ ...LIMITED, app }));
    }
  }
  return { clock, traffic, sources, refuse };
}

const LIMITED: Exchange = {
  route: 'GET /a',
  app: undefined,
  status: 429,
  reason: 'rate_limited',
  durationMs: 1,
};

describe('an app at its limit', () => {
  it('needs attention after ten minutes without a pause, and leads to its page', async () => {
    const { sources, refuse, clock } = open();
    refuse(9, ['tokens', 'key-1']);
    expect((await overviewOf(ADMINISTRATOR, sources)).attention).toEqual([]);
    refuse(1, ['tokens', 'key-1']);
    expect((await overviewOf(ADMINISTRATOR, sources)).attention).toEqual([
      {
        kind: 'limit',
        text: 'Shop has been at its limit for 10 minutes',
        since: Math.floor(clock.ms / 10_000) * 10 + 10 - 600,
        link: '/apps/key-1',
      },
    ]);
  });

  it('needs no attention once it had a minute without a refusal', async () => {
    const { sources, refuse } = open();
    refuse(15, ['tokens', 'key-1']);
    refuse(1);
    expect((await overviewOf(ADMINISTRATOR, sources)).attention).toEqual([]);
  });

  it("is seen by a developer of its organization, and another issuer's by an administrator, without a link", async () => {
    const { sources, refuse } = open();
    refuse(12, ['tokens', 'key-1'], ['tokens', 'key-2'], ['keycloak', 'key-1']);
    const all = (await overviewOf(ADMINISTRATOR, sources)).attention;
    expect(all.map(({ text, link }) => `${text} ${String(link)}`)).toEqual([
      'Shop has been at its limit for 12 minutes /apps/key-1',
      'Rival has been at its limit for 12 minutes /apps/key-2',
      'key-1 has been at its limit for 12 minutes null',
    ]);
    expect((await overviewOf(DEVELOPER, sources)).attention.map(({ link }) => link)).toEqual(['/apps/key-1']);
  });

  it('has its key where the registry is unavailable; a developer then gets no numbers', async () => {
    const { sources, refuse } = open({ registry: false });
    refuse(10, ['tokens', 'key-1']);
    const { attention } = await overviewOf(ADMINISTRATOR, sources);
    expect(attention).toMatchObject([{ text: 'key-1 has been at its limit for 10 minutes', link: null }]);
    await expect(overviewOf(DEVELOPER, sources)).rejects.toThrow('away');
  });
});

describe('the overview', () => {
  it('has the faults that hold now before the apps at their limits', async () => {
    const faults: HeldFault[] = [
      { kind: 'redis', text: 'Redis is unavailable', sinceMs: START + 1500 },
      { kind: 'revocations', text: 'Revocations cannot be read', sinceMs: START },
      { kind: 'target', text: 'The target a of b is down', sinceMs: START },
    ];
    const { sources, refuse } = open({ faults });
    refuse(10, ['tokens', 'key-1']);
    const { attention } = await overviewOf(ADMINISTRATOR, sources);
    expect(attention.map(({ kind, since, link }) => [kind, since, link])).toEqual([
      ['redis', START / 1000 + 1, null],
      ['registry', START / 1000, null],
      ['target', START / 1000, '/routes'],
      ['limit', expect.any(Number), '/apps/key-1'],
    ]);
  });

  it('has the rate of the last minute, whose last ten seconds are not over', async () => {
    const { sources, traffic } = open();
    for (let at = 0; at < 11; at++)
      traffic.add(exchangeRecord({ ...LIMITED, app: ['tokens', `key-${at}`], durationMs: at + 1 }));
    const { figures } = await overviewOf(ADMINISTRATOR, sources);
    expect(figures.requests_per_s.value).toBe(0.2);
    expect(figures.refused_percent.value).toBe(100);
    expect(figures.apps_active.value).toBe(11);
    expect(figures.p99_ms.value! / 11).toBeCloseTo(1, 1);
    expect(figures.requests_per_s.series.slice(0, 59)).toEqual(Array.from({ length: 59 }, () => 0));
    expect(figures.refused_percent.series[0]).toBeNull();
  });

  it('is empty for a developer whose apps had no requests', async () => {
    const { sources, refuse } = open();
    refuse(1, ['tokens', 'key-2']);
    expect((await overviewOf(ADMINISTRATOR, sources)).empty).toBe(false);
    expect((await overviewOf(DEVELOPER, sources)).empty).toBe(true);
  });
});

describe('the first requests', () => {
  const linesOf = (routes: object[], { token, tokens }: { token?: string; tokens?: object } = {}) => {
    const config = {
      ...(tokens && { tokens }),
      issuers: {
        main: {
          issuer: 'https://id.example.com',
          jwks: 'https://id.example.com/jwks',
          audience: 'a',
          grants: ['*'],
        },
      },
      upstreams: { service: 'http://127.0.0.1:9' },
      routes: routes.map((route) => ({ upstream: 'service', limit: 'none', ...route })),
    };
    const { settings } = compileConfig(config, { env: {}, baseFolder: process.cwd() });
    return firstRequests(settings, 'http://localhost:8080', token).map(({ line, note }) => [line, note]);
  };

  it('are of the first route for GET without a host, with a value for each placeholder', () => {
    expect(
      linesOf([
        { match: 'POST /a', scope: 'a' },
        { match: 'GET /b', host: 'b.example.com', scope: 'a' },
        { match: 'GET /c/{id}/{rest**}', scope: 'a' },
      ]),
    ).toEqual([
      [
        'curl -i -H "Authorization: Bearer $TOKEN" http://localhost:8080/c/1',
        'A request with a token. In place of $TOKEN put a token of one of your issuers.',
      ],
      ['curl -i http://localhost:8080/c/1', 'The same without a token: 401.'],
      ['curl -i http://localhost:8080/no-such-path', 'A path without a route: 404.'],
    ]);
  });

  it('begin with a token where the gateway issues tokens, and say what to put in place of each name', () => {
    const tokens = {
      issuer: 'https://gw.example.com',
      audience: 'a',
      database: 'sqlite:x.db',
      endpoints: { client_credentials: { path: '/connect/token', lifetime: '1d' } },
    };
    const lines = linesOf([{ match: 'GET /c', scope: 'a' }], { tokens });
    expect(lines).toEqual([
      [
        'curl -u "$KEY:$SECRET" -d grant_type=client_credentials http://localhost:8080/connect/token',
        'A token. In place of $KEY and $SECRET put those of an application, which you create under Apps.',
      ],
      [
        'curl -i -H "Authorization: Bearer $TOKEN" http://localhost:8080/c',
        'A request with it. In place of $TOKEN put the access_token of that response.',
      ],
      ['curl -i http://localhost:8080/c', 'The same without a token: 401.'],
    ]);
  });

  it('with a token have no placeholder, and exceed a small limit', () => {
    const lines = linesOf([{ match: 'GET /c', scope: 'a', limit: '3 per 1m' }], { token: 'e30.e30.x' });
    expect(lines.map(([line]) => line)).toEqual([
      'curl -i -H "Authorization: Bearer e30.e30.x" http://localhost:8080/c',
      'for i in $(seq 5); do curl -so /dev/null -w "%{http_code} " -H "Authorization: Bearer e30.e30.x" http://localhost:8080/c; done',
      'curl -i http://localhost:8080/c',
    ]);
    const unlimited = linesOf([{ match: 'GET /c', scope: 'a', limit: '5000 per 1m' }], {
      token: 'e30.e30.x',
    });
    expect(unlimited).toHaveLength(2);
  });

  it('name the method and the host where there is no such route, and quote for a shell', () => {
    const lines = linesOf([{ match: "POST /it's/{id}", host: '*.example.com', public: true }]);
    expect(lines.map(([line]) => line)).toEqual([
      String.raw`curl -i -X POST -H 'Host: www.example.com' 'http://localhost:8080/it'\''s/1'`,
      'curl -i http://localhost:8080/no-such-path',
    ]);
  });

  it.each([
    ['0.0.0.0', 'http://localhost:80'],
    ['::', 'http://localhost:80'],
    ['::1', 'http://[::1]:80'],
    ['192.0.2.1', 'http://192.0.2.1:80'],
  ])('reach a gateway that listens on %s at %s', (host, origin) => {
    expect(localOrigin({ host, port: 80, tls: undefined })).toBe(origin);
  });
});
