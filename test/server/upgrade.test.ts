/**
 * An `Upgrade` other than a WebSocket is ignored: the request is forwarded as a plain one, on every version
 * of Node.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startGate, type TestGate } from '../support/gate.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

let upstream: EchoUpstream;
let sockets: Server;
let gate: TestGate;

beforeAll(async () => {
  upstream = await startEchoUpstream();
  sockets = createServer();
  new WebSocketServer({ server: sockets }).on('connection', (socket) =>
    socket.on('message', (data) => {
      socket.send(data);
    }),
  );
  await once(sockets.listen(0, '127.0.0.1'), 'listening');
  gate = await startGate({
    upstreams: {
      echo: upstream.origin,
      sockets: `http://127.0.0.1:${(sockets.address() as AddressInfo).port}`,
    },
    routes: [
      { match: '* /plain/{path*}', upstream: 'echo', public: true, limit: 'none' },
      { match: 'GET /socket', upstream: 'sockets', public: true, limit: 'none' },
    ],
  });
});

afterAll(async () => {
  await gate.stop();
  await upstream.close();
  sockets.closeAllConnections();
  sockets.close();
});

const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

function bodies(text: string): Echo[] {
  return [...text.matchAll(/\{"method".*?"body":"[^"]*"\}/g)].map(([json]) => JSON.parse(json) as Echo);
}

describe('a request with an upgrade to another protocol than WebSocket', () => {
  it('is forwarded as a plain one, without the field', async () => {
    const text = await exchangeRaw(
      gate.port,
      `GET /plain/a HTTP/1.1\r\nHost: a\r\n${H2C}\r\nGET /plain/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    const [first, second] = bodies(text);
    expect([first?.url, second?.url]).toEqual(['/plain/a', '/plain/b']);
    expect(first?.rawHeaders.join('|')).not.toMatch(/upgrade|http2/i);
  });

  it('keeps its body, of a stated length or in chunks', async () => {
    for (const framing of [
      'Content-Length: 5\r\n\r\nhello',
      'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ]) {
      const client = openRaw(gate.port, `POST /plain/c HTTP/1.1\r\nHost: a\r\n${H2C}${framing}`);
      await client.until('"body":"hello"}');
      client.send(`GET /plain/d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await client.ended;
      expect(bodies(client.text()).map(({ url }) => url)).toEqual(['/plain/c', '/plain/d']);
    }
  });

  it('keeps a body that comes later than its head', async () => {
    const client = openRaw(
      gate.port,
      `POST /plain/e HTTP/1.1\r\nHost: a\r\n${H2C}Content-Length: 10\r\n\r\n`,
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.send('01234');
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.send('56789');
    await client.until('"body":"0123456789"}');
    client.destroy();
  });

  it('is parsed by the same rules as any other', async () => {
    const client = openRaw(gate.port, `GET /plain//a HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`);
    expect(await client.until('}]}')).toMatch(/^HTTP\/1.1 400 /);
    client.destroy();
  });

  it('may be repeated on one connection, without lasting cost', async () => {
    const warnings: string[] = [];
    const keep = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', keep);
    const client = openRaw(gate.port);
    for (let count = 1; count <= 20; count++) {
      client.send(`GET /plain/${count} HTTP/1.1\r\nHost: a\r\n${H2C}\r\n`);
      await client.until(`"url":"/plain/${count}"`);
    }
    process.off('warning', keep);
    // Anything left on the connection by each request would stay until it ends.
    expect(warnings).toEqual([]);
    client.destroy();
  });
});

describe('a WebSocket handshake', () => {
  const handshake = (head: string) =>
    `${head}Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`;

  it('is accepted, in any case of its words', async () => {
    const client = openRaw(
      gate.port,
      `${handshake('GET /socket HTTP/1.1\r\n').replace('websocket', 'WebSocket').replace('Upgrade\r\n', 'keep-alive, UPGRADE\r\n')}\r\n`,
    );
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    expect(head).toMatch(/\r\nX-Request-Id: /);
    client.destroy();
  });

  it('with a Content-Length of 0 is accepted', async () => {
    const client = openRaw(gate.port, `${handshake('GET /socket HTTP/1.1\r\n')}Content-Length: 0\r\n\r\n`);
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 /);
    client.destroy();
  });

  it('with a body is 400, since the bytes after it could be read as the body or as the new protocol', async () => {
    const text = await exchangeRaw(
      gate.port,
      `${handshake('GET /socket HTTP/1.1\r\n')}Content-Length: 3\r\n\r\nabc`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('refused by the upstream gets the response of the upstream', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${gate.port}/plain/x`);
    socket.on('error', () => undefined);
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
    expect(response.statusCode).toBe(200);
    socket.terminate();
  });

  it('that the gateway refuses gets a JSON response, and the connection is closed', async () => {
    const text = await exchangeRaw(gate.port, `${handshake('GET /nowhere HTTP/1.1\r\n')}\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 404 [^]*"code":34/);
  });
});
