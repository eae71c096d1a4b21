/** Targets with a host name: which address a request goes to while the resolver's results change. */
import { Agent, createServer, get as httpGet, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, it } from 'vitest';
import type { Lookup } from '../../src/forward/resolve.js';
import { exchangeRaw } from '../support/raw.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge, type EdgeOptions } from './edge.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';
const EVERY_MS = 100;

interface Service {
  readonly port: number;
  /** The requests that came to each address. */
  readonly asked: (address: string) => number;
  /** The connections that are open to an address. */
  readonly open: (address: string) => number;
  close(): Promise<void>;
}

/** Listens on one port of several loopback addresses; each responds with its own, and `/slow` is delayed. */
async function startService(addresses: readonly string[], usedPort = 0): Promise<Service> {
  const asked = new Map<string, number>();
  const sockets = new Map<Socket, string>();
  const servers: Server[] = [];
  let port = usedPort;
  for (const address of addresses) {
    const server = createServer((req, res) => {
      asked.set(address, (asked.get(address) ?? 0) + 1);
      setTimeout(() => res.end(address), req.url === '/slow' ? 300 : 0);
    });
    server.on('connection', (socket) => {
      sockets.set(socket, address);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
    ({ port } = server.address() as AddressInfo);
    servers.push(server);
  }
  return {
    port,
    asked: (address) => asked.get(address) ?? 0,
    open: (address) => [...sockets.values()].filter((each) => each === address).length,
    async close() {
      for (const socket of sockets.keys()) socket.destroy();
      for (const server of servers) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A resolver whose result is set by hand: addresses, the code of an error, or nothing at all. */
function createResolver(answer: readonly string[] | string | undefined) {
  const resolver = {
    answer,
    asked: [] as string[],
    /** The latest result. */
    said: undefined as typeof answer,
    lookup: ((host, callback) => {
      resolver.asked.push(host);
      const { answer: now } = resolver;
      if (now === undefined) return;
      setImmediate(() => {
        if (typeof now === 'string') callback(Object.assign(new Error(now), { code: now }), []);
        else
          callback(
            null,
            now.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
          );
        resolver.said = now;
      });
    }) satisfies Lookup,
  };
  return resolver;
}

async function edgeTo(
  service: Pick<Service, 'port'>,
  lookup: Lookup,
  upstream: EdgeOptions['upstream'] = {},
): Promise<Edge> {
  const origin = `http://service.test:${service.port}`;
  return keep(await startEdge(origin, { lookup, upstream: { resolveEveryMs: EVERY_MS, ...upstream } }));
}

async function ask(edge: Edge): Promise<string> {
  return (await exchangeRaw(edge.port, GET)).replace(/^HTTP\/1.1 (\d+)[^]*?\r\n\r\n([^]*)$/, '$1 $2');
}

it('A name whose address changes is followed under load, and no request is lost', async () => {
  const service = keep(await startService(['127.0.0.1', '127.0.0.2']));
  const resolver = createResolver(['127.0.0.1']);
  const edge = await edgeTo(service, resolver.lookup);
  const agent = new Agent({ keepAlive: true, maxSockets: 12 });
  const responses: { status: number | undefined; from: string; startedAfterSwitch: boolean }[] = [];
  let loading = true;
  const load = async (path: string): Promise<void> => {
    while (loading) {
      const startedAfterSwitch = resolver.said?.[0] === '127.0.0.2';
      const answer = await new Promise<(typeof responses)[number]>((resolve, reject) => {
        const asked = httpGet({ port: edge.port, path, agent }, (response) => {
          let from = '';
          response.setEncoding('latin1').on('data', (text: string) => (from += text));
          response.on('end', () => resolve({ status: response.statusCode, from, startedAfterSwitch }));
        });
        asked.on('error', reject);
      });
      responses.push(answer);
    }
  };
  const loads = ['/a', '/a', '/a', '/a', '/a', '/a', '/slow', '/slow'].map((path) => load(path));
  await expect.poll(() => responses.length, { timeout: 5000 }).toBeGreaterThan(50);
  expect(service.asked('127.0.0.2')).toBe(0);

  resolver.answer = ['127.0.0.2'];
  await expect.poll(() => service.asked('127.0.0.2'), { timeout: 5000 }).toBeGreaterThan(50);
  // Requests in progress end at the old address, whose connections are closed after them.
  await expect.poll(() => service.open('127.0.0.1'), { timeout: 5000 }).toBe(0);
  loading = false;
  await Promise.all(loads);
  agent.destroy();
  expect(responses.filter(({ status }) => status !== 200)).toEqual([]);
  const late = responses.filter(({ startedAfterSwitch }) => startedAfterSwitch);
  expect(late.length).toBeGreaterThan(50);
  expect(late.filter(({ from }) => from !== '127.0.0.2')).toEqual([]);
});

it('An additional address does not close the connections to those that stay', async () => {
  const service = keep(await startService(['127.0.0.1', '127.0.0.2']));
  const resolver = createResolver(['127.0.0.1']);
  const edge = await edgeTo(service, resolver.lookup);
  await ask(edge);
  expect(service.open('127.0.0.1')).toBe(1);
  resolver.answer = ['127.0.0.2', '127.0.0.1'];
  await expect.poll(() => resolver.said, { timeout: 5000 }).toHaveLength(2);
  expect(await ask(edge)).toBe('200 127.0.0.1');
  expect(service.open('127.0.0.1')).toBe(1);
});

it('The addresses of a name get connections in rotation', async () => {
  const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
  const service = keep(await startService(addresses));
  const edge = await edgeTo(service, createResolver(addresses).lookup);
  const slow = GET.replace('/a', '/slow');
  await Promise.all(Array.from({ length: 9 }, () => exchangeRaw(edge.port, slow)));
  expect(addresses.map((address) => service.asked(address))).toEqual([3, 3, 3]);
});

it('An address where nobody listens, or of an unavailable family, fails no request', async () => {
  const service = keep(await startService(['127.0.0.2']));
  for (const dead of ['127.0.0.1', '2001:db8::1']) {
    const edge = await edgeTo(service, createResolver([dead, '127.0.0.2']).lookup);
    for (let turn = 0; turn < 3; turn += 1) expect(await ask(edge)).toBe('200 127.0.0.2');
  }
});

it('While lookups fail the last good addresses stay in use, which is logged once for each outage', async () => {
  const service = keep(await startService(['127.0.0.1', '127.0.0.2']));
  const resolver = createResolver(['127.0.0.1']);
  const edge = await edgeTo(service, resolver.lookup);
  expect(await ask(edge)).toBe('200 127.0.0.1');
  for (const bad of ['ENOTFOUND', []]) {
    const before = edge.logged.length;
    resolver.answer = bad;
    const from = resolver.asked.length;
    while (resolver.asked.length < from + 3) expect(await ask(edge)).toBe('200 127.0.0.1');
    expect(edge.logged.slice(before)).toEqual(['a name cannot be resolved; its last addresses stay in use']);
    resolver.answer = ['127.0.0.1'];
    const good = resolver.asked.length;
    while (resolver.asked.length < good + 2) expect(await ask(edge)).toBe('200 127.0.0.1');
  }
  resolver.answer = ['127.0.0.2'];
  await expect.poll(() => ask(edge), { timeout: 5000 }).toBe('200 127.0.0.2');
});

it('A name that was never resolved is a 502, and is looked up again for the next request', async () => {
  const service = keep(await startService(['127.0.0.1']));
  const resolver = createResolver('ENOTFOUND');
  const edge = await edgeTo(service, resolver.lookup, { resolveEveryMs: 60_000 });
  expect(await ask(edge)).toMatch(/^502/);
  expect(await ask(edge)).toMatch(/^502/);
  resolver.answer = ['127.0.0.1'];
  expect(await ask(edge)).toBe('200 127.0.0.1');
});

it('A resolver that hangs is a 504 if no address is known, and delays nothing if one is', async () => {
  const service = keep(await startService(['127.0.0.1']));
  const unknown = await edgeTo(service, createResolver(undefined).lookup, {
    connectTimeoutMs: 100,
    retries: 0,
  });
  expect(await ask(unknown)).toMatch(/^504/);

  const resolver = createResolver(['127.0.0.1']);
  const known = await edgeTo(service, resolver.lookup, { resolveEveryMs: 100 });
  await ask(known);
  resolver.answer = undefined;
  // Idle, with its connection lost: the next request would wait for the lookup that never ends.
  const { length } = resolver.asked;
  await new Promise((resolve) => setTimeout(resolve, 250));
  await service.close();
  const again = keep(await startService(['127.0.0.1'], service.port));
  expect(await ask(known)).toBe('200 127.0.0.1');
  expect(resolver.asked.length).toBeGreaterThan(length);
  expect(again.asked('127.0.0.1')).toBe(1);
});

it('A name is looked up only while requests come; an address never is', async () => {
  const service = keep(await startService(['127.0.0.1']));
  const resolver = createResolver(['127.0.0.1']);
  const edge = await edgeTo(service, resolver.lookup);
  expect(resolver.asked).toEqual([]);
  await ask(edge);
  const rested = async (): Promise<number> => {
    for (let before = -1, now = 0; before !== now; now = resolver.asked.length) {
      before = now;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS * 4));
    }
    return resolver.asked.length;
  };
  const first = await rested();
  expect(first).toBeLessThanOrEqual(3);
  await ask(edge);
  expect(await rested()).toBeGreaterThan(first);
  expect(new Set(resolver.asked)).toEqual(new Set(['service.test']));

  const other = createResolver('ENOTFOUND');
  const origin = `http://127.0.0.1:${service.port}`;
  const direct = keep(await startEdge(origin, { lookup: other.lookup }));
  expect(await ask(direct)).toBe('200 127.0.0.1');
  expect(other.asked).toEqual([]);
});

it('A request is sent at the end of its tick of the event loop, together with the others of the tick', async () => {
  const service = keep(await startService(['127.0.0.1']));
  const order: string[] = [];
  const { lookup } = createResolver(['127.0.0.1']);
  const edge = keep(
    await startEdge(`http://service.test:${service.port}`, {
      lookup: (host, callback) => {
        order.push('asked');
        lookup(host, callback);
      },
      before: () => void setImmediate(() => order.push('end of the turn')),
    }),
  );
  expect(await exchangeRaw(edge.port, GET)).toMatch(/127\.0\.0\.1$/);
  expect(order).toEqual(['end of the turn', 'asked']);
});
