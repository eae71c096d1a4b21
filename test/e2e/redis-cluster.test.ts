/** A Redis Cluster: a primary lost under load causes no errors, and its successor counts within a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLoad } from '../support/load.js';
import { startCluster, type OwnCluster } from '../support/redis-cluster.js';
import { expectUnhurt, revokeEverywhere, startOutageFixture, type OutageFixture } from './redis-outage.js';

let cluster: OwnCluster;
let fixture: OutageFixture;

beforeAll(async () => {
  cluster = await startCluster({ nodeTimeoutMs: 2500 });
  fixture = await startOutageFixture({ cluster: cluster.addresses.slice(0, 2), timeout: '100ms' });
});
afterAll(async () => {
  await fixture.close();
  await cluster.close();
});

const holderOf = (app: string) => cluster.holderOf(`{a:main:${app}}`);

async function appElsewhere(app: string): Promise<string> {
  const holder = await holderOf(app);
  for (let i = 0; ; i++) if ((await holderOf(`other-${i}`)) !== holder) return `other-${i}`;
}

it('A primary that stops responding for a moment affects only its own apps', async () => {
  const holder = await holderOf('app-1');
  const other = startLoad(fixture.gates, '/open', fixture.tokenOf(await appElsewhere('app-1')), 2);
  await other.untilCounted();
  const warm = other.responses.length;
  const stopped = await expectUnhurt(fixture, {
    app: 'app-1',
    begin: () => holder.stop(),
    // Before the others consider it failed.
    async end() {
      await sleep(300);
      holder.continue();
      await cluster.untilServing();
    },
    keeps: true,
  });
  await other.stop();
  const rest = other.responses.slice(warm);
  const uncounted = rest.filter(({ remaining }) => remaining === undefined);
  // On a busy machine a call may be late without any fault.
  expect(uncounted.length).toBeLessThan(rest.length / 2);
  expect(stopped.away).toBeGreaterThan(uncounted.length);
});

it('A primary is killed, and its replica takes over', { timeout: 60_000 }, async () => {
  expect(await revokeEverywhere(fixture, 'before')).toBeLessThan(1000);
  const holder = await holderOf('app-2');
  await expectUnhurt(fixture, {
    app: 'app-2',
    begin: () => holder.kill(),
    end: () => cluster.untilTakenOver(holder),
    keeps: false,
  });
  expect(await revokeEverywhere(fixture, 'after')).toBeLessThan(1000);
});
