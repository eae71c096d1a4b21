/** `log.paths` and the nearest route in the log of a running gateway; a reload switches both. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startCommand, type RunningCommand } from '../support/command.js';

let folder: string;
let file: string;
let gate: RunningCommand;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-paths-'));
  file = join(folder, 'gateway.yaml');
});
afterEach(async () => {
  await gate.close();
  await rm(folder, { recursive: true });
});

const write = (log: object) =>
  writeFile(
    file,
    JSON.stringify({
      listen: '127.0.0.1:0',
      admin: '127.0.0.1:0',
      log,
      upstreams: { things: 'http://127.0.0.1:9' },
      routes: [{ match: 'GET /orders/{id}', upstream: 'things', public: true, limit: 'none' }],
    }),
  );

it('a reload applies log.paths, debug and log.access: a 404 is explained, never with its query, or has no line', async () => {
  await write({});
  gate = startCommand(['start', '-c', file]);
  const [line] = await gate.until(/^.*gateway started.*$/m);
  const url = `http://127.0.0.1:${(JSON.parse(line) as { address: { port: number } }).address.port}`;
  expect((await fetch(`${url}/order/1?token=hunter2`)).status).toBe(404);
  const [before] = await gate.until(/^.*"no_route".*$/m);
  expect(before).not.toContain('/order/1');

  await write({ level: 'debug', paths: true });
  await gate.until(/^.*configuration reloaded.*$/m);
  expect((await fetch(`${url}/order/2?token=hunter2`)).status).toBe(404);
  const [request] = await gate.until(/^.*"path":"\/order\/2".*$/m);
  const [nearest] = await gate.until(/^.*nearest_route.*$/m);
  const told = JSON.parse(nearest) as Record<string, unknown>;
  expect(told).toMatchObject({
    nearest_route: 'GET /orders/{id}',
    request_id: (JSON.parse(request) as Record<string, unknown>)['request_id'],
  });
  expect(gate.stdout()).not.toContain('hunter2');

  await write({ access: false });
  await gate.until(/(?:configuration reloaded[^]*){2}/);
  const logged = gate.stdout().length;
  expect((await fetch(`${url}/order/3`)).status).toBe(404);
  await write({ access: 'failures' });
  await gate.until(/(?:configuration reloaded[^]*){3}/);
  expect(gate.stdout().slice(logged)).not.toContain('"msg":"request"');
  expect((await fetch(`${url}/order/4`)).status).toBe(404);
  await gate.until(/(?:configuration reloaded[^]*){3}"no_route"/);
});
