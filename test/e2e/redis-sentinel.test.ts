/** Redis Sentinel: a primary lost under load causes no errors, and its successor counts within a second. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startSentinels, type OwnSentinels } from '../support/redis-sentinels.js';
import { expectUnhurt, revokeEverywhere, startOutageFixture, type OutageFixture } from './redis-outage.js';

let own: OwnSentinels;
let fixture: OutageFixture;

beforeEach(async () => {
  own = await startSentinels();
  fixture = await startOutageFixture({ sentinels: own.addresses, name: 'mymaster', timeout: '100ms' });
});
afterEach(async () => {
  await fixture.close();
  await own.close();
});

it('The primary stops responding, and a revocation applies everywhere within a second, before and after', async () => {
  const [primary, replica] = own.servers;
  expect(await revokeEverywhere(fixture, 'before')).toBeLessThan(1000);
  await expectUnhurt(fixture, {
    app: 'app-1',
    begin: () => primary.stop(),
    end: () => own.untilPrimary(replica),
    keeps: false,
  });
  expect(await revokeEverywhere(fixture, 'after')).toBeLessThan(1000);
});

it('The primary is killed', async () => {
  const [primary, replica] = own.servers;
  await expectUnhurt(fixture, {
    app: 'app-1',
    begin: () => primary.kill(),
    end: () => own.untilPrimary(replica),
    keeps: false,
  });
});
