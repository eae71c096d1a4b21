import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';

const BURST = 1500;

let gate: TestGate;
let sockets: Socket[];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await gate.stop();
});

it('A burst of 1,500 connections is accepted at once: none has to retry a second later', async () => {
  gate = await startGate({
    upstreams: { service: 'http://127.0.0.1:1' },
    routes: [{ match: 'GET /', upstream: 'service', public: true, limit: 'none' }],
  });
  const startedMs = performance.now();
  sockets = Array.from({ length: BURST }, () => connect(gate.port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  expect(performance.now() - startedMs).toBeLessThan(950);
});
