/** `max_in_flight`: an exchange above it is refused at once, and affects no other. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { tollgate } from '../../src/index.js';
import { talk } from '../support/dialogue.js';
import { startGate, type TestGate } from '../support/gate.js';
import { until } from '../support/until.js';
import { openRaw, type RawClient } from '../support/raw.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { WEBSOCKET, get, request } from '../support/wire-fixture.js';

let upstream: EchoUpstream;
let gate: TestGate;
/** The pending responses of the upstream. */
let held: ServerResponse[];
let clients: RawClient[];

const SETTINGS = { max_in_flight: 2 };

beforeEach(async () => {
  held = [];
  clients = [];
  upstream = await startEchoUpstream((req, res) => {
    if (req.url === '/held') held.push(res);
    else res.end('ok');
  });
  gate = await startGate({
    max_in_flight: SETTINGS.max_in_flight,
    upstreams: { echo: upstream.origin },
    routes: [{ match: '* /{name}', upstream: 'echo', public: true, limit: 'none' }],
  });
});

afterEach(async () => {
  for (const client of clients) client.destroy();
  await gate.stop();
  await upstream.close();
});

/** Takes all slots. */
async function fill(port = gate.port): Promise<void> {
  for (let count = 0; count < SETTINGS.max_in_flight; count++) clients.push(openRaw(port, get('/held')));
  await until(() => held.length === SETTINGS.max_in_flight);
}

async function empty(): Promise<void> {
  for (const res of held.splice(0)) res.end('late');
  await Promise.all(clients.map((client) => client.until('late')));
}

describe('A request above the maximum', () => {
  it('is 503 with Retry-After, and is not forwarded', async () => {
    await fill();
    const { responses, end } = await talk(gate.port, get('/more') + get('/more'), { responses: 2 });
    expect(responses.map(({ status, code }) => [status, code])).toEqual([
      [503, 503],
      [503, 503],
    ]);
    expect(responses[0]?.field('retry-after')).toBe('1');
    expect(responses[0]?.field('x-request-id')).toBe(gate.records[0]?.head.id);
    // A request without a body leaves its connection usable.
    expect([responses[0]?.field('connection'), end]).toEqual(['keep-alive', undefined]);
    expect(upstream.count()).toBe(SETTINGS.max_in_flight);
  });

  it('is recorded once, with its own reason and the address that it came from', async () => {
    await fill();
    await talk(gate.port, request('DELETE /more'));
    expect(gate.records).toEqual([
      expect.objectContaining({
        status: 503,
        reason: 'overloaded',
        route: undefined,
        head: expect.objectContaining({ clientIp: '127.0.0.1', method: 'DELETE' }) as unknown,
      }),
    ]);
  });

  it('with a body gets its response before the body is read, and its connection closed', async () => {
    await fill();
    const { responses, end } = await talk(gate.port, request('POST /more', ['Content-Length: 5'], 'ab'), {
      untilEnd: true,
    });
    expect([responses[0]?.status, responses[0]?.field('connection'), end]).toEqual([503, 'close', 'end']);
  });

  it('that waits for 100 Continue gets none', async () => {
    await fill();
    const { text } = await talk(
      gate.port,
      request('POST /more', ['Content-Length: 5', 'Expect: 100-continue']),
    );
    expect(text).toMatch(/^HTTP\/1\.1 503 /);
  });

  it('with an invalid body gets a response and one record', async () => {
    await fill();
    const { responses } = await talk(
      gate.port,
      request('POST /more', ['Transfer-Encoding: chunked'], 'zz\r\n'),
      {
        untilEnd: true,
      },
    );
    expect(responses.map(({ status }) => status)).toEqual([400]);
    expect(gate.records.map(({ status }) => status)).toEqual([400]);
  });

  it('is admitted as soon as another has ended', async () => {
    await fill();
    expect((await talk(gate.port, get('/more'))).responses[0]?.status).toBe(503);
    await empty();
    expect((await talk(gate.port, get('/more'))).responses[0]?.status).toBe(200);
  });

  it('for a WebSocket is refused too, and its connection closed', async () => {
    await fill();
    const { responses, end } = await talk(gate.port, get('/more', ...WEBSOCKET), { untilEnd: true });
    expect([responses[0]?.status, responses[0]?.code, end]).toEqual([503, 503, 'end']);
  });

  it('is not limited at the admin port', async () => {
    await fill();
    expect((await fetch(`${gate.adminUrl}/healthz`)).status).toBe(200);
  });
});

describe('A slot', () => {
  it('is freed by clients that leave before their response', async () => {
    await fill();
    for (const client of clients) client.destroy();
    await until(async () => (await talk(gate.port, get('/more'))).responses[0]?.status === 200);
  });

  it('is freed by refusals', async () => {
    for (let count = 0; count < 3 * SETTINGS.max_in_flight; count++)
      expect((await talk(gate.port, get('/a//b'))).responses[0]?.status).toBe(400);
    expect((await talk(gate.port, get('/more'))).responses[0]?.status).toBe(200);
  });

  it('is held by a WebSocket until it is a tunnel, and no longer', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ noServer: true });
    let open: () => void = () => undefined;
    server.on('upgrade', (req, socket, head) => {
      open = () => sockets.handleUpgrade(req, socket, head, () => undefined);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    const narrow = await startGate({
      max_in_flight: 1,
      upstreams: { sockets: `http://127.0.0.1:${port}`, echo: upstream.origin },
      routes: [
        { match: 'GET /socket', upstream: 'sockets', public: true, limit: 'none' },
        { match: 'GET /plain', upstream: 'echo', public: true, limit: 'none' },
      ],
    });
    const asked = once(server, 'upgrade');
    const socket = new WebSocket(`ws://127.0.0.1:${narrow.port}/socket`);
    await asked;
    expect((await talk(narrow.port, get('/plain'))).responses[0]?.status).toBe(503);
    open();
    await once(socket, 'open');
    for (let count = 0; count < 3; count++)
      expect((await talk(narrow.port, get('/plain'))).responses[0]?.status).toBe(200);
    socket.terminate();
    await until(() => narrow.records.some(({ status }) => status === 101));
    // The slot that the tunnel freed is not freed again: there is still one.
    clients.push(
      openRaw(narrow.port, get('/socket', ...WEBSOCKET, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==')),
    );
    await once(server, 'upgrade');
    expect((await talk(narrow.port, get('/plain'))).responses[0]?.status).toBe(503);
    await narrow.stop();
    server.closeAllConnections();
    server.close();
  });
});

it('A gateway inside an application has the same maximum', async () => {
  const library = await tollgate({
    log: { level: 'silent' },
    jwks_cache: false,
    max_in_flight: SETTINGS.max_in_flight,
    upstreams: { echo: upstream.origin },
    routes: [{ match: '* /{name}', upstream: 'echo', public: true, limit: 'none' }],
  });
  const server = createServer(library);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  await fill(port);
  const { responses } = await talk(port, get('/more'));
  expect([responses[0]?.status, responses[0]?.code]).toEqual([503, 503]);
  await empty();
  expect((await talk(port, get('/more'))).responses[0]?.status).toBe(200);
  for (const client of clients) client.destroy();
  server.close();
  await library.close();
});
