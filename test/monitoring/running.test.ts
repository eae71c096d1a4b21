/**
 * A real Prometheus scrapes two running gateways, one with workers: each query of the dashboard has data, and the alerts fire under
 * their faults, and end with them. The rules are those of deploy/prometheus, with minutes as seconds.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quickRules } from '../support/alert-rules.js';
import { anyOf, dashboard, fillIn, queryPanels, type Choices } from '../support/dashboard.js';
import { watchFiring, type Firing } from '../support/firing.js';
import { startMonitored, type MonitoredGateway } from '../support/monitored.js';
import { createDatabase, startPostgres, type OwnDatabase, type OwnPostgres } from '../support/postgres.js';
import { hasPrometheus, startPrometheus, type OwnPrometheus } from '../support/prometheus.js';
import { freePort, randomPrefix, redisUrl, removeKeys, startRedis, type OwnRedis } from '../support/redis.js';
import { tokensIn } from '../support/token-gate.js';
import { createTestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { holdRequests } from '../support/upstream-target.js';

/** These have no series until something goes wrong. */
const EMPTY_WITHOUT_FAULT = ['Faults: no free connection'];

const LONG_MS = 60_000;
const prefix = randomPrefix();

let redis: OwnRedis;
let postgres: OwnPostgres | undefined;
let database: OwnDatabase;
/** Whose faults are tried. */
let single: MonitoredGateway;
let workers: MonitoredGateway;
let prometheus: OwnPrometheus;
let firing: Firing;

describe.runIf(hasPrometheus)('Prometheus', () => {
  /** What was started, the latest first. */
  const closers: (() => Promise<unknown>)[] = [];
  async function open<Started extends { close(): Promise<unknown> } | undefined>(
    starting: Promise<Started>,
  ): Promise<Started> {
    const started = await starting;
    if (started) closers.unshift(() => started.close());
    return started;
  }

  beforeAll(async () => {
    closers.push(() => removeKeys(prefix));
    database = await createDatabase();
    closers.unshift(() => database.drop());
    [redis, postgres] = await Promise.all([open(startRedis()), open(startPostgres())]);
    const [adminPort, other] = [await freePort(), await freePort()];
    const own = { redis: { url: redis.url }, database: postgres?.url ?? (await database.createSchema()) };
    const shared = {
      redis: { url: redisUrl(), key_prefix: prefix },
      database: await database.createSchema(),
    };
    const targets = [adminPort, other].map((port) => `127.0.0.1:${port}`);
    [single, workers, prometheus] = await Promise.all([
      open(startMonitored({ ...own, adminPort }, {})),
      open(startMonitored({ ...shared, adminPort: other }, { workers: 2, max_in_flight: 30 })),
      open(startPrometheus({ jobs: { tollgate: targets }, interval: '500ms', rules: quickRules() })),
    ]);
    firing = watchFiring(
      prometheus,
      new Map([
        [single.instance, 'single'],
        [workers.instance, 'workers'],
      ]),
    );
    // Until each rate has its range.
    await until(
      async () => (await prometheus.query('sum_over_time(up[1m]) >= 12')).length === targets.length,
      LONG_MS,
    );
  }, 90_000);

  afterAll(async () => {
    for (const close of closers) await close();
  });

  it.each([
    ['both gateways', () => [single.instance, workers.instance]],
    ['the gateway with workers alone', () => [workers.instance]],
  ] as const)('has data for every query of the dashboard, of %s', async (_name, instances) => {
    const choices: Choices = { job: anyOf(['tollgate']), instance: anyOf(instances()), route: '.*' };
    const empty: string[] = [];
    for (const { title, targets } of queryPanels) {
      for (const { expr, legendFormat } of targets) {
        const samples = await prometheus.query(fillIn(expr, choices, '5s'));
        if (samples.length === 0 || samples.every(({ value }) => Number.isNaN(value)))
          empty.push(`${title}: ${legendFormat}`);
      }
    }
    expect(empty).toEqual(EMPTY_WITHOUT_FAULT);
    for (const { target } of dashboard.annotations.list)
      expect(await prometheus.query(fillIn(target.expr, choices, '5s'))).toEqual([]);
  });

  it('has data for the routes that are chosen, whatever characters they have', async () => {
    const [panel] = queryPanels.filter(({ title }) => title === 'Requests by route');
    const route = anyOf(['GET /single/{what}', '* /orders']);
    const choices: Choices = { job: 'tollgate', instance: '.*', route };
    const samples = await prometheus.query(fillIn(panel!.targets[0]!.expr, choices, '5s'));
    expect(samples.map(({ metric }) => metric['route']).sort()).toEqual(['* /orders', 'GET /single/{what}']);
  });

  it('has data for each question of docs/metrics.md, apart from those about faults', async () => {
    const [, questions = ''] = readFileSync('docs/metrics.md', 'utf8').split('\n## Questions\n');
    const queries = [...questions.split('\n## ')[0]!.matchAll(/^\|[^|]*\| `(.*)` \|$/gm)].map(
      ([, query]) => query!,
    );
    expect(queries.length).toBeGreaterThan(5);
    for (const query of queries) {
      const samples = await prometheus.query(query.replaceAll('[5m]', '[5s]'));
      // A comparison finds what is wrong.
      if (!/ (==|>) [\d.]+$/.test(query)) expect(samples.length, query).toBeGreaterThan(0);
    }
  });

  it('fires no alert without a fault', async () => {
    expect(await prometheus.ruleErrors()).toEqual([]);
    expect(await firing.now()).toEqual([]);
  });

  it('fires each alert under its fault, and for no other gateway', async () => {
    const end = holdRequests(`${workers.url}/single/held`, 120);
    const [down, , only] = single.targets;
    await Promise.all([
      single.write('routes: ['),
      redis.kill(),
      postgres?.close(),
      single.issuer.close(),
      ...[down!, only!].map((target) => target.stop()),
    ]);
    const expected = [
      'TollgateReloadFailed single',
      'TollgateRedisUnavailable single',
      'TollgateIssuerUnavailable single main',
      'TollgateIssuerKeysStale single main',
      `TollgateTargetDown single ${down!.origin} pair`,
      'TollgateUpstreamDown single single',
      'TollgateRouteErrors GET /single/{what}',
      'TollgateOverloaded workers',
      'TollgateNearlyFull workers',
      ...(postgres ? ['TollgateRevocationSourceDown single', 'TollgateRouteErrors key_secret'] : []),
    ];
    await firing.untilOnly(expected);
    await end();
  }, 90_000);

  it('ends each alert with its fault', async () => {
    const { config, issuer, targets } = single;
    const [healed] = await Promise.all([
      createTestIssuer({ port: Number(new URL(issuer.iss).port), key: issuer.key }),
      redis.restart(),
      single.write(JSON.stringify(config)),
      ...[targets[0]!, targets[2]!].map((target) => target.start()),
    ]);
    // This database does not come back.
    const lasting = postgres ? ['TollgateRevocationSourceDown single', 'TollgateRouteErrors key_secret'] : [];
    await firing.untilOnly(lasting);
    await healed.close();
  }, 90_000);

  it('says that a gateway is down, and what is missing to one that starts without all that it needs', async () => {
    await workers.kill();
    await firing.until(['TollgateDown workers']);
    const nowhere = `127.0.0.1:${await freePort()}`;
    await workers.issuer.close();
    await workers.start({
      ...workers.config,
      redis: { url: `redis://${nowhere}` },
      tokens: tokensIn(`postgres://nobody@${nowhere}/none`),
    });
    await firing.until([
      'TollgateNotReady workers',
      'TollgateRedisUnavailable workers',
      'TollgateIssuerKeysMissing workers main',
      'TollgateRevocationsUnknown workers',
      'TollgateRevocationSourceDown workers',
    ]);
    expect(await firing.now()).not.toContain('TollgateDown workers');
  }, 90_000);
});
