/** Slow clients are disconnected in time and delay no other: in heads, bodies, responses and handshakes. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, type Authority } from '../support/certificates.js';
import { talk } from '../support/dialogue.js';
import { flood, quantile } from '../support/flood.js';
import { startGate, type TestGate } from '../support/gate.js';
import { openRaw, type RawClient } from '../support/raw.js';
import { until } from '../support/until.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';
import { WEBSOCKET, get, request } from '../support/wire-fixture.js';

const HEADER_TIMEOUT_MS = 3000;
const KEEP_ALIVE_MS = 500;
const IDLE_MS = 300;
/** Tolerance for a busy machine. */
const LATE_MS = 5000;

let upstream: EchoUpstream;
let gate: TestGate;
/** The upstream's connections whose response is not complete. */
let open = 0;

beforeAll(async () => {
  upstream = await startEchoUpstream((req, res) => {
    if (req.url === '/quick') {
      res.end('ok');
      return;
    }
    open += 1;
    res.once('close', () => (open -= 1));
    if (req.url === '/endless') {
      const chunk = Buffer.alloc(64 * 1024);
      const write = (): void => {
        while (res.write(chunk));
      };
      res.on('drain', write);
      write();
    } else {
      req.resume();
    }
  });
  gate = await startGate({
    client: {
      header_timeout: `${HEADER_TIMEOUT_MS}ms`,
      body_timeout: '500ms',
      keep_alive: `${KEEP_ALIVE_MS}ms`,
    },
    upstreams: { service: { targets: [upstream.origin], idle_timeout: `${IDLE_MS}ms`, timeout: '1s' } },
    routes: [{ match: '* /{name}', upstream: 'service', public: true, limit: 'none' }],
  });
});

afterAll(async () => {
  await gate.stop();
  await upstream.close();
});

describe('A thousand connections that send a byte a second', () => {
  it('delay no honest client, and each gets a 408', { timeout: 60_000 }, async () => {
    const honest = () => flood(gate.port, { connections: 2, requests: 300, bytes: get('/quick') });
    const before = quantile(await honest(), 0.99);
    gate.records.length = 0;

    const slow = Array.from({ length: 1000 }, () => openRaw(gate.port, 'GET /quick HTTP/1.1\r\nX: '));
    const drip = setInterval(() => slow.forEach((client) => client.send('a')), 1000);
    await sleep(500);
    const during = quantile(await honest(), 0.99);
    await Promise.all(slow.map((client) => client.until(/^HTTP\/1\.1 408 /)));
    clearInterval(drip);
    slow.forEach((client) => client.destroy());

    expect(during).toBeLessThan(2 * before + 250);
    expect(gate.records.filter(({ status }) => status === 408)).toHaveLength(1000);
  });
});

describe('A connection', () => {
  it('that is idle after a response is closed silently after keep_alive', async () => {
    const client = openRaw(gate.port, get('/quick'));
    await client.until('\r\n\r\nok');
    const records = gate.records.length;
    const since = performance.now();
    expect(await client.ended).toBe('end');
    expect(performance.now() - since).toBeGreaterThan(KEEP_ALIVE_MS / 2);
    expect(performance.now() - since).toBeLessThan(KEEP_ALIVE_MS + LATE_MS);
    expect(client.text()).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
    expect(gate.records).toHaveLength(records);
  });

  it('that sends no request is closed after header_timeout', async () => {
    const client = openRaw(gate.port);
    await client.until(/^HTTP\/1\.1 408 /);
    await client.ended;
  });
});

describe('A client that reads nothing', () => {
  it('is disconnected after a few idle timeouts, and the upstream is freed', async () => {
    const client = openRaw(gate.port, get('/endless'));
    await client.until('HTTP/1.1 200');
    client.socket.pause();
    await until(() => open === 1);
    await until(() => open === 0);
    await until(() => gate.records.at(-1)?.reason === 'client_stalled');
    client.destroy();
  });
});

describe('An upload', () => {
  it('that stalls, from a hundred clients, gets a 408 each, and the upstream is freed', async () => {
    const bytes = request('POST /slow', ['Content-Length: 100'], 'a');
    const dialogues = await Promise.all(
      Array.from({ length: 100 }, () => talk(gate.port, bytes, { untilEnd: true, timeoutMs: 10_000 })),
    );
    expect(dialogues.map(({ responses }) => responses[0]?.status)).toEqual(new Array(100).fill(408));
    await until(() => open === 0);
  });
});

describe('A flood of WebSocket handshakes', () => {
  it('that the upstream never answers gets a 504 each, and leaves nothing behind', async () => {
    const bytes = get('/hangs', ...WEBSOCKET, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');
    const dialogues = await Promise.all(
      Array.from({ length: 100 }, () => talk(gate.port, bytes, { untilEnd: true, timeoutMs: 10_000 })),
    );
    expect(dialogues.map(({ responses }) => responses[0]?.status)).toEqual(new Array(100).fill(504));
    await until(() => open === 0);
    expect((await talk(gate.port, get('/quick'))).responses[0]?.status).toBe(200);
  });

  it('whose clients disconnect half-way frees the upstream', async () => {
    const bytes = get('/hangs', ...WEBSOCKET, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');
    const clients: RawClient[] = Array.from({ length: 100 }, () => openRaw(gate.port, bytes));
    await until(() => open === 100);
    clients.forEach((client) => client.destroy());
    await until(() => open === 0);
  });
});

describe('A TLS handshake', () => {
  let authority: Authority;
  let secure: TestGate;

  beforeAll(async () => {
    authority = createAuthority();
    const { certFile, keyFile } = authority.issue('gate');
    secure = await startGate({
      listen: { host: '127.0.0.1', port: 0, tls: { cert: certFile, key: keyFile } },
      client: { header_timeout: '500ms' },
      upstreams: { service: upstream.origin },
      routes: [{ match: '* /{name}', upstream: 'service', public: true, limit: 'none' }],
    });
  });
  afterAll(async () => {
    await secure.stop();
    authority.close();
  });

  it.each([
    ['never begins', Buffer.alloc(0)],
    ['stops in its first record', Buffer.from('1603010200010001fc0303', 'hex')],
    ['is none', Buffer.from('GET /quick HTTP/1.1\r\nHost: a\r\n\r\n')],
  ])('that %s is cut after header_timeout, without a response', async (_, bytes) => {
    const socket = connect(secure.port, '127.0.0.1');
    let received = 0;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined).on('data', (chunk) => (received += chunk.length));
    if (bytes.length > 0) socket.write(bytes);
    const since = performance.now();
    await closed;
    expect(performance.now() - since).toBeLessThan(500 + LATE_MS);
    // At most a TLS alert, of seven bytes.
    expect(received).toBeLessThan(8);
    expect(secure.records).toEqual([]);
  });
});
