/** The promise with a cluster: a primary that is lost under load hurts nobody, and its successor counts within a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drive } from '../support/drive.js';
import { startCluster, type OwnCluster } from '../support/redis-cluster.js';
import { expectUnhurt, revokeEverywhere, startOutageScene, type OutageScene } from './redis-outage.js';

let cluster: OwnCluster;
let scene: OutageScene;

beforeAll(async () => {
  cluster = await startCluster({ nodeTimeoutMs: 2500 });
  scene = await startOutageScene({ cluster: cluster.addresses.slice(0, 2), timeout: '100ms' });
});
afterAll(async () => {
  await scene.close();
  await cluster.close();
});

const holderOf = (app: string) => cluster.holderOf(`{a:main:${app}}`);

async function appElsewhere(app: string): Promise<string> {
  const holder = await holderOf(app);
  for (let i = 0; ; i++) if ((await holderOf(`other-${i}`)) !== holder) return `other-${i}`;
}

it('A primary that stops answering for a moment is the business of its own apps alone', async () => {
  const holder = await holderOf('app-1');
  const other = drive(scene.gates, '/open', scene.tokenOf(await appElsewhere('app-1')), 2);
  await other.untilCounted();
  const warm = other.answers.length;
  const stopped = await expectUnhurt(scene, {
    app: 'app-1',
    begin: () => holder.stop(),
    // Before the others take it for dead.
    async end() {
      await sleep(300);
      holder.continue();
      await cluster.untilServing();
    },
    keeps: true,
  });
  await other.stop();
  const rest = other.answers.slice(warm);
  const uncounted = rest.filter(({ remaining }) => remaining === undefined);
  // On a busy machine a call may be late by itself.
  expect(uncounted.length).toBeLessThan(rest.length / 2);
  expect(stopped.away).toBeGreaterThan(uncounted.length);
});

it('A primary is killed, and its replica takes over', { timeout: 60_000 }, async () => {
  expect(await revokeEverywhere(scene, 'before')).toBeLessThan(1000);
  const holder = await holderOf('app-2');
  await expectUnhurt(scene, {
    app: 'app-2',
    begin: () => holder.kill(),
    end: () => cluster.untilTakenOver(holder),
    keeps: false,
  });
  expect(await revokeEverywhere(scene, 'after')).toBeLessThan(1000);
});
