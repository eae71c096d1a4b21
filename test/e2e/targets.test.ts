/**
 * Several targets: one that dies, hangs or is unhealthy fails no safe request, and retries stay within their
 * budget.
 */
import { Agent, request } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { startService, type Service } from '../support/service.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from '../support/upstream.js';

const opened: { close(): Promise<void> }[] = [];

function keep<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing);
  return thing;
}

afterEach(async () => {
  for (let thing = opened.pop(); thing; thing = opened.pop()) await thing.close();
});

async function openGate(origins: readonly string[], changes: object = {}): Promise<TestGate> {
  const gate = await startGate({
    upstreams: { behind: { targets: [...origins], ...changes } },
    routes: [{ match: '* /{path*}', upstream: 'behind', public: true }],
  });
  keep({ close: () => gate.stop() });
  return gate;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function ask(gate: TestGate, agent: Agent | undefined, method = 'GET', path = '/a'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port: gate.port, host: '127.0.0.1', path, method, agent }, (res) => {
      let body = '';
      res.setEncoding('utf8').on('data', (text: string) => (body += text));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body }));
    });
    asked.on('error', reject).end(method === 'POST' ? 'once' : undefined);
  });
}

interface Load {
  readonly responses: Answer[];
  /** Waits until all of these targets have responded, from now on. */
  heard(...names: string[]): Promise<void>;
  end(): Promise<void>;
}

/** Callers that send one request after the other, until the end. */
function load(gate: TestGate, callers: number): Load {
  const agent = new Agent({ keepAlive: true });
  const responses: Answer[] = [];
  let going = true;
  const all = Promise.all(
    Array.from({ length: callers }, async () => {
      while (going) responses.push(await ask(gate, agent));
    }),
  );
  return {
    responses,
    async heard(...names) {
      const from = responses.length;
      await expect
        .poll(() => names.filter((name) => !responses.slice(from).some(({ body }) => body === name)), {
          timeout: 20_000,
        })
        .toEqual([]);
    },
    async end() {
      going = false;
      await all;
      agent.destroy();
    },
  };
}

async function startThree(): Promise<readonly [Service, Service, Service]> {
  const [a, b, c] = await Promise.all([startService('a'), startService('b'), startService('c')]);
  return [keep(a), keep(b), keep(c)];
}

const origins = (services: readonly { origin: string }[]): string[] => services.map(({ origin }) => origin);
const failed = ({ responses }: Load): Answer[] => responses.filter(({ status }) => status !== 200);

/** How many of the last so many responses came from a target. */
function share({ responses }: Load, name: string, last: number): number {
  return responses.slice(-last).filter(({ body }) => body === name).length;
}

const EJECTION = { failures: 3, cooldown: '300ms', slow_start: '300ms' };

it('One of three targets is killed and comes back under load: no GET fails, and it gets its share again', async () => {
  const services = await startThree();
  const gate = await openGate(origins(services), { ejection: EJECTION });
  const callers = load(gate, 12);
  await callers.heard('a', 'b', 'c');
  await services[1].kill();
  const from = callers.responses.length;
  await expect.poll(() => callers.responses.length - from, { timeout: 20_000 }).toBeGreaterThan(300);
  expect(share(callers, 'b', 100)).toBe(0);
  await services[1].restart();
  await callers.heard('b');
  await expect.poll(() => share(callers, 'b', 90), { timeout: 20_000 }).toBeGreaterThanOrEqual(25);
  await callers.end();
  expect(failed(callers)).toEqual([]);
}, 60_000);

it('One of three targets hangs and resumes under load: no GET fails, though some wait for its timeout', async () => {
  const services = await startThree();
  const gate = await openGate(origins(services), { ejection: EJECTION, timeout: '1s' });
  const callers = load(gate, 12);
  await expect.poll(() => callers.responses.length, { timeout: 20_000 }).toBeGreaterThan(100);
  services[2].stop();
  const from = callers.responses.length;
  await expect.poll(() => share(callers, 'c', 100), { timeout: 20_000 }).toBe(0);
  await expect.poll(() => callers.responses.length - from, { timeout: 20_000 }).toBeGreaterThan(300);
  services[2].continue();
  await callers.heard('a', 'b', 'c');
  await callers.end();
  expect(failed(callers)).toEqual([]);
}, 60_000);

it('A target that fails its health checks gets no requests, and gets them again when it passes', async () => {
  const services = await startThree();
  const gate = await openGate(origins(services), {
    ejection: false,
    retries: 0,
    health: { path: '/healthz', interval: '50ms', timeout: '2s' },
  });
  await services[0].kill();
  const agent = keepAgent();
  const isQuiet = async (): Promise<boolean> => {
    const responses = await Promise.all(Array.from({ length: 9 }, () => ask(gate, agent)));
    return responses.every(({ status }) => status === 200);
  };
  await expect.poll(isQuiet, { timeout: 20_000 }).toBe(true);
  const callers = load(gate, 6);
  await callers.heard('b', 'c');
  await services[0].restart();
  await callers.heard('a');
  await callers.end();
  expect(failed(callers)).toEqual([]);
  await Promise.all(services.map((service) => service.kill()));
  await expect
    .poll(() => ask(gate, undefined).then(() => gate.records.at(-1)?.reason), { timeout: 20_000 })
    .toBe('no_healthy_target');
}, 60_000);

function keepAgent(): Agent {
  const agent = new Agent({ keepAlive: true });
  keep({
    close: () => {
      agent.destroy();
      return Promise.resolve();
    },
  });
  return agent;
}

async function startRaw(script: (request: WireRequest) => void): Promise<readonly RawUpstream[]> {
  const upstreams: RawUpstream[] = [];
  for (let index = 0; index < 3; index += 1) upstreams.push(keep(await startRawUpstream(script)));
  return upstreams;
}

const requestsOf = (upstreams: readonly RawUpstream[]): WireRequest[] =>
  upstreams.flatMap(({ requests }) => [...requests]);

it('Where all targets fail they get at most a fifth plus ten more requests than were sent, for any number of retries', async () => {
  const upstreams = await startRaw(({ socket }) => socket.resetAndDestroy());
  const gate = await openGate(origins(upstreams), { retries: 5 });
  const agent = keepAgent();
  const asked = 400;
  for (let sent = 0; sent < asked; sent += 20) {
    const responses = await Promise.all(Array.from({ length: 20 }, () => ask(gate, agent)));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(502));
  }
  const seen = requestsOf(upstreams).length;
  expect(seen).toBeGreaterThan(asked);
  expect(seen).toBeLessThanOrEqual(asked * 1.2 + 10);
}, 60_000);

it('No POST reaches the targets twice, whatever happens to their connections', async () => {
  const upstreams = await startRaw(({ socket, whole, index }) => {
    if (index % 3 === 0) socket.resetAndDestroy();
    else void whole.then(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    if (index % 3 === 1) setTimeout(() => socket.resetAndDestroy(), 1);
  });
  const gate = await openGate(origins(upstreams), { retries: 5 });
  const agent = keepAgent();
  const statuses: number[] = [];
  for (let turn = 0; turn < 600; turn += 20) {
    const round = Array.from({ length: 20 }, (_, each) => ask(gate, agent, 'POST', `/${turn + each}`));
    statuses.push(...(await Promise.all(round)).map(({ status }) => status));
  }
  const paths = requestsOf(upstreams).map(({ head }) => head.split(' ')[1]);
  expect(new Set(paths).size).toBe(paths.length);
  // Both cases occurred: some got a response, and some failed and were not retried.
  expect(new Set(statuses)).toEqual(new Set([200, 502]));
}, 60_000);
