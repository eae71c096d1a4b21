/** `drain_delay`: how long the port stays open after a stop signal. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';

function startWith(drain_delay: string): Promise<TestGate> {
  return startGate({
    drain_timeout: '20s',
    drain_delay,
    upstreams: { behind: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /x', upstream: 'behind', public: true }],
  });
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const opened = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return opened;
}

it('For drain_delay new connections are accepted while readiness is off, and then no more', async () => {
  const gate = await startWith('1500ms');
  const begun = performance.now();
  const stopped = gate.stop();
  expect((await fetch(`${gate.adminUrl}/readyz`)).status).toBe(503);
  const { status, headers } = await fetch(`${gate.url}/nothing`);
  expect([status, headers.get('connection')]).toEqual([404, 'close']);
  await stopped;
  expect(performance.now() - begun).toBeGreaterThan(1490);
  expect(await isOpen(gate.port)).toBe(false);
});

it('Without it the port closes at once', async () => {
  const gate = await startWith('0s');
  const stopped = gate.stop();
  await sleep(50);
  expect(await isOpen(gate.port)).toBe(false);
  await stopped;
});
