/** A bug inside the gateway: one 500, logged, and the process stays alive. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildGateway } from '../../src/app/build-gateway.js';
import { processRuntime } from '../../src/app/runtime.js';
import { compileConfig } from '../../src/config/config.js';
import { createResourcePool, type ResourcePool } from '../../src/app/resource-pool.js';
import type { Gateway } from '../../src/gateway.js';
import { Edge } from '../../src/server/server.js';
import type { Log } from '../../src/model/log.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import { exchangeRaw } from '../support/raw.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

const HANDSHAKE =
  'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

let upstream: EchoUpstream;
let resourcePool: ResourcePool;
let gateway: Gateway;
let logged: object[];
let records: ExchangeRecord[];
let observe: (record: ExchangeRecord) => void;
let edge: Edge;
let port: number;
let stop: () => void;

beforeEach(async () => {
  upstream = await startEchoUpstream();
  const { settings } = compileConfig(
    {
      upstreams: { echo: upstream.origin },
      routes: [{ match: '* /{path*}', upstream: 'echo', public: true, limit: 'none' }],
    },
    { env: {}, baseFolder: '.' },
  );
  logged = [];
  records = [];
  observe = (record) => records.push(record);
  const note = (fields: object): void => void logged.push(fields);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const now = (): number => performance.now();
  resourcePool = createResourcePool({ log });
  const { reuse, commit } = resourcePool.begin();
  ({ gateway } = await buildGateway(settings, { ...processRuntime(log, {}), newId: () => 'the-id' }, reuse));
  commit();
  const newId = (): string => 'new-id';
  edge = new Edge({ current: () => gateway, now, newId, observe: (record) => observe(record), log });
  const server = createServer((req, res) => void edge.handle(req, res));
  server.on('upgrade', (req, socket, bytes) => void edge.upgrade(req, socket, bytes));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
});

afterEach(async () => {
  stop();
  await resourcePool.close();
  await upstream.close();
});

function break_(name: 'read' | 'match' | 'authenticate' | 'forward'): void {
  const bug = (): never => {
    throw new Error(`a bug in ${name}`);
  };
  const { forwarder, steps } = gateway;
  if (name === 'forward') gateway = { ...gateway, forwarder: { ...forwarder, forward: bug, tunnel: bug } };
  else if (name === 'read') gateway = { ...gateway, read: bug };
  else gateway = { ...gateway, steps: { ...steps, [name]: bug } };
}

describe('a bug', () => {
  it.each(['read', 'authenticate', 'forward'] as const)(
    'in %s makes its request a 500, and does not affect the next one',
    async (name) => {
      const sound = gateway;
      break_(name);
      const response = await fetch(`http://127.0.0.1:${port}/x`);
      expect([response.status, await response.text()]).toEqual([
        500,
        '{"errors":[{"code":500,"message":"Internal error"}]}',
      ]);
      expect(logged).toContainEqual(
        expect.objectContaining({ err: expect.objectContaining({ message: `a bug in ${name}` }) as unknown }),
      );
      gateway = sound;
      expect((await fetch(`http://127.0.0.1:${port}/x`)).status).toBe(200);
    },
  );

  it.each(['read', 'authenticate', 'forward'] as const)(
    'in %s during a WebSocket handshake is the same 500, and the connection is closed',
    async (name) => {
      break_(name);
      const text = await exchangeRaw(port, HANDSHAKE);
      expect(text).toMatch(/^HTTP\/1\.1 500 /);
      expect(text).toMatch(/"code":500/);
    },
  );

  it('is in the access log like any other response, under the request id that the caller got', async () => {
    break_('authenticate');
    const response = await fetch(`http://127.0.0.1:${port}/x`);
    expect(response.headers.get('x-request-id')).toBe('the-id');
    expect(records).toEqual([expect.objectContaining({ status: 500, reason: 'internal_error' })]);
    expect(logged).toContainEqual(expect.objectContaining({ request_id: 'the-id' }));
  });

  it('in the recording of an exchange affects neither the response nor the process', async () => {
    observe = () => {
      throw new Error('a bug in the metrics');
    };
    const response = await fetch(`http://127.0.0.1:${port}/x`);
    expect(response.status).toBe(200);
    await response.text();
    expect((await fetch(`http://127.0.0.1:${port}/x`)).status).toBe(200);
    expect(logged.length).toBeGreaterThan(0);
  });

  it('in the match of a preflight is a 500 too', async () => {
    break_('match');
    const response = await fetch(`http://127.0.0.1:${port}/x`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    });
    expect(response.status).toBe(500);
  });
});

describe('a drain', () => {
  it('closes the connection after each response, refused or forwarded', async () => {
    edge.drain();
    for (const path of ['/x', '//']) {
      const text = await exchangeRaw(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      expect(text.match(/\r\nConnection: close\r\n/gi)).toHaveLength(1);
    }
  });
});
