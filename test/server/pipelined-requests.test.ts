/**
 * How the pipelined requests of one connection run: concurrently only while all of them are safe (RFC 9112
 * 9.3.2).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tollgate } from '../../src/index.js';
import { parseResponses, talk } from '../support/dialogue.js';
import { ADMIN_TOKEN } from '../support/gate.js';
import { openRaw } from '../support/raw.js';
import { pathOf, respondOk, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { until } from '../support/until.js';
import type { WireRequest } from '../support/upstream.js';
import { CHUNKED, get, request, WEBSOCKET } from '../support/wire-fixture.js';

let fixture: Fixture;
/** Requests to paths that begin with `/held`, which the upstream has not responded to. */
let held: WireRequest[];

beforeEach(async () => {
  held = [];
  fixture = await startScriptedFixture(
    { routes: [{ match: '* /{path*}', upstream: 'behind', public: true, limit: 'none', max_body: '1kb' }] },
    (asked) => {
      if (pathOf(asked).startsWith('/held')) held.push(asked);
      else void asked.whole.then(() => respondOk(asked));
    },
  );
});
afterEach(() => fixture.close());

/** The requests that the upstream got so far, in order. */
const asked = (): string[] =>
  fixture.upstream.requests.map(({ head }) => head.split(' ').slice(0, 2).join(' '));
const statuses = (text: string): number[] => parseResponses(text).map(({ status }) => status);

describe('Pipelined requests', () => {
  it.each([
    ['unsafe behind unsafe', request('PUT /held', ['Content-Length: 1'], 'a'), request('DELETE /x')],
    ['unsafe behind safe', get('/held'), request('DELETE /x')],
    ['safe behind unsafe', request('DELETE /held'), get('/x')],
    ['safe behind a safe one with a body', request('GET /held', ['Content-Length: 1'], 'a'), get('/x')],
    ['safe with a body behind safe', get('/held'), request('GET /x', [CHUNKED], '1\r\na\r\n0\r\n\r\n')],
    ['safe in HTTP/1.0', 'GET /held HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n', get('/x')],
  ])('run one after the other: %s', async (_, first, second) => {
    const client = openRaw(fixture.gate.port, first + second);
    await until(() => held.length === 1);
    await fixture.settle();
    expect(fixture.upstream.requests).toHaveLength(1);
    respondOk(held[0]!);
    await until(() => fixture.upstream.requests.length === 2);
    await client.until(/ok[^]*ok/);
    client.destroy();
    expect(statuses(client.text())).toEqual([200, 200]);
  });

  it('run concurrently while all of them are safe', async () => {
    const client = openRaw(
      fixture.gate.port,
      get('/held1') + request('HEAD /held2') + request('OPTIONS /held3', ['Content-Length: 0']),
    );
    await until(() => held.length === 3);
    client.destroy();
  });

  it('that are safe wait for an unsafe one between them', async () => {
    const client = openRaw(fixture.gate.port, get('/held1') + request('DELETE /held2') + get('/held3'));
    await until(() => held.length === 1);
    await fixture.settle();
    expect(asked()).toEqual(['GET /held1']);
    respondOk(held[0]!);
    await until(() => held.length === 2);
    await fixture.settle();
    expect(asked()).toEqual(['GET /held1', 'DELETE /held2']);
    respondOk(held[1]!);
    await until(() => held.length === 3);
    respondOk(held[2]!);
    await until(() => statuses(client.text()).length === 3);
    client.destroy();
  });

  it('reach the upstream in their order, each time', async () => {
    const pair = request('PUT /x', ['Content-Length: 1'], 'a') + request('DELETE /x');
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (let round = 0; round < 5; round++) {
          const { responses } = await fixture.talk(pair, { responses: 2 });
          expect(responses.map(({ status }) => status)).toEqual([200, 200]);
        }
      }),
    );
    // Each DELETE has a PUT of its own before it.
    let open = 0;
    for (const line of asked()) {
      open += line.startsWith('PUT') ? 1 : -1;
      expect(open).toBeGreaterThanOrEqual(0);
    }
    expect(open).toBe(0);
  });

  it('that wait when the client leaves are neither forwarded nor recorded', async () => {
    const client = openRaw(fixture.gate.port, request('PUT /held') + request('DELETE /x').repeat(5));
    await until(() => held.length === 1);
    client.socket.resetAndDestroy();
    await until(() => fixture.gate.records.length > 0);
    await fixture.settle();
    expect([asked(), fixture.gate.records.map(({ reason }) => reason)]).toEqual([
      ['PUT /held'],
      ['client_gone'],
    ]);
  });

  it('that wait after a response that closes the connection are neither forwarded nor recorded', async () => {
    const { responses, end } = await fixture.talk(
      request('POST /x', ['Content-Length: 2000']) + request('DELETE /x'),
      { untilEnd: true },
    );
    expect([responses.map(({ status }) => status), end]).toEqual([[413], 'end']);
    expect([asked(), fixture.gate.records.length]).toEqual([[], 1]);
  });

  it('that wait are left unread once there are many', async () => {
    const socket = connect(fixture.gate.port, '127.0.0.1');
    const one = request('DELETE /x', [`X-Padding: ${'a'.repeat(15_000)}`]);
    socket.write(request('DELETE /held') + one.repeat(1000));
    await until(() => held.length === 1);
    await sleep(300);
    // Of 15 MB a part is still with the client.
    expect(socket.writableLength).toBeGreaterThan(2_000_000);
    socket.resetAndDestroy();
  });

  it('that were left unread all get their response', async () => {
    const count = 300;
    const client = openRaw(fixture.gate.port);
    const padding = `X-Padding: ${'a'.repeat(1000)}`;
    client.send(request('DELETE /held') + request('DELETE /x', [padding]).repeat(count));
    await until(() => held.length === 1);
    await sleep(50);
    respondOk(held[0]!);
    await until(() => statuses(client.text()).length === count + 1);
    client.destroy();
  });

  it('with a WebSocket after one that waits run in their order', async () => {
    const client = openRaw(
      fixture.gate.port,
      get('/held') + request('DELETE /x') + get('/held-ws', ...WEBSOCKET),
    );
    await until(() => held.length === 1);
    respondOk(held[0]!);
    await until(() => held.length === 2);
    expect(asked()).toEqual(['GET /held', 'DELETE /x', 'GET /held-ws']);
    client.destroy();
  });
});

describe('A request after one with an Expect field', () => {
  it.each([
    ['100-continue and no body', ['Content-Length: 0', 'Expect: 100-continue'], ''],
    ['100-continue and its body', ['Content-Length: 1', 'Expect: 100-continue'], 'a'],
    ['a list with 100-continue', ['Content-Length: 1', 'Expect: x, 100-continue'], 'a'],
    ['a list with 100-continue and no body', ['Content-Length: 0', 'Expect: x, 100-continue'], ''],
    ['another expectation', ['Content-Length: 1', 'Expect: something'], 'a'],
  ])('gets its response, or is neither forwarded nor recorded: %s', async (_, fields, body) => {
    for (const method of ['GET', 'PUT']) {
      const before = [fixture.upstream.requests.length, fixture.gate.records.length] as const;
      const bytes = request(`${method} /x`, fields, body) + get('/second');
      const { text } = await fixture.talk(bytes, { responses: 2, timeoutMs: 1000 });
      await fixture.settle();
      const seen = statuses(text);
      expect(seen[0]).toBe(200);
      expect(fixture.upstream.requests.length - before[0]).toBe(seen.length);
      expect(fixture.gate.records.length - before[1]).toBe(seen.length);
    }
  });

  it('gets its response if the client got a 100 Continue, alone or in a list', async () => {
    for (const expectation of ['100-continue', 'x, 100-Continue']) {
      const client = openRaw(
        fixture.gate.port,
        request('PUT /x', ['Content-Length: 1', `Expect: ${expectation}`]),
      );
      await client.until('HTTP/1.1 100 Continue\r\n\r\n');
      client.send(`a${get('/second')}`);
      await client.until(/ok[^]*ok/);
      client.destroy();
    }
  });
});

describe('A broken body', () => {
  const broken = request('POST /x', [CHUNKED], '1\r\na\r\nzz\r\n');

  it('after valid requests is 400 after their responses', async () => {
    const bytes = get('/one') + request('DELETE /two') + broken;
    const { responses, end } = await fixture.talk(bytes, { responses: 4, timeoutMs: 1500 });
    await fixture.settle();
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 400]);
    expect(end).toBe('end');
    expect(asked()).toEqual(['GET /one', 'DELETE /two']);
    const { records } = fixture.gate;
    expect(records.map(({ status }) => status).sort()).toEqual([200, 200, 400]);
    const refused = records.find(({ status }) => status === 400);
    expect([refused?.head.id, refused?.head.method]).toEqual([responses[2]?.field('x-request-id'), 'POST']);
  });

  it('of a GET is the same', async () => {
    const bytes = get('/one') + request('GET /x', [CHUNKED], 'zz\r\n');
    const { responses } = await fixture.talk(bytes, { responses: 3, timeoutMs: 1500 });
    expect(responses.map(({ status }) => status)).toEqual([200, 400]);
    expect(asked()).toEqual(['GET /one']);
  });

  it('that comes later than its head, while that waits, is the same', async () => {
    const client = openRaw(fixture.gate.port, get('/held') + request('POST /x', [CHUNKED], '1\r\n'));
    await until(() => held.length === 1);
    client.send('a\r\nzz\r\n');
    await fixture.settle();
    respondOk(held[0]!);
    await client.ended;
    expect(statuses(client.text())).toEqual([200, 400]);
    expect(asked()).toEqual(['GET /held']);
  });

  it('after requests that wait, with garbage after them, waits too', async () => {
    const client = openRaw(
      fixture.gate.port,
      request('DELETE /held') + request('DELETE /x') + 'garbage\r\n\r\n',
    );
    await until(() => held.length === 1);
    await fixture.settle();
    expect(client.text()).toBe('');
    respondOk(held[0]!);
    await client.ended;
    expect(statuses(client.text())).toEqual([200, 200, 400]);
  });
});

describe('As a library', () => {
  it('a request waits for those before it, whichever handler responds to them', async () => {
    const order: string[] = [];
    let release = (): void => undefined;
    const gate = await tollgate({
      log: { level: 'silent' },
      upstreams: { behind: fixture.upstream.origin },
      routes: [{ match: '* /gate/{name}', upstream: 'behind', public: true, limit: 'none' }],
    });
    const app = express();
    app.post('/own', (_req, res) => {
      order.push('own');
      release = () => void res.send('own');
    });
    app.use(gate);
    const server = createServer(app);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const answered = talk(port, request('POST /own', ['Content-Length: 0']) + get('/gate/x'), {
      responses: 2,
    });
    await until(() => order.length === 1);
    await fixture.settle();
    expect(asked()).toEqual([]);
    release();
    expect((await answered).responses.map(({ body }) => body)).toEqual(['own', 'ok']);
    server.closeAllConnections();
    server.close();
    await gate.close();
  });
});

describe('The admin port', () => {
  it('runs the requests of one connection in order', async () => {
    const port = Number(new URL(fixture.gate.adminUrl).port);
    const fields = [`Authorization: Bearer ${ADMIN_TOKEN}`];
    const { responses } = await talk(
      port,
      request('POST /api/revocations', [...fields, 'Content-Length: 2'], '{}') + get('/healthz'),
      { responses: 2 },
    );
    expect(responses).toHaveLength(2);
  });
});
