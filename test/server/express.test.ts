/**
 * Express is the outer layer, without its overhead, and the gateway handles what Express would handle by
 * itself.
 */
import { IncomingMessage, ServerResponse, createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createExpressServer } from '../../src/server/express-app.js';
import { startGate, type TestGate } from '../support/gate.js';
import { exchangeRaw } from '../support/raw.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

describe('the server classes', () => {
  it('have the prototypes that Express sets, so that setting them changes nothing', async () => {
    const { app, classes } = createExpressServer();
    const seen: unknown[] = [];
    const server = createServer(classes, (req, res) => {
      seen.push(Object.getPrototypeOf(req), Object.getPrototypeOf(res));
      (app as (req: IncomingMessage, res: ServerResponse) => void)(req, res);
    });
    app.use((req, res) => {
      seen.push(Object.getPrototypeOf(req), Object.getPrototypeOf(res));
      res.json({ ip: req.ip, query: req.query, type: req.get('accept') });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?a[b]=1`;
    const body: unknown = await (await fetch(url, { headers: { accept: 'text/plain' } })).json();
    expect(seen.slice(0, 2)).toEqual([classes.IncomingMessage!.prototype, classes.ServerResponse!.prototype]);
    expect(seen.slice(2)).toEqual(seen.slice(0, 2));
    expect(seen[0]).toBe(app.request);
    expect(seen[1]).toBe(app.response);
    expect(body).toEqual({ ip: '127.0.0.1', query: { 'a[b]': '1' }, type: 'text/plain' });
    server.closeAllConnections();
    server.close();
  });

  it('inherit from those of Node, and do not affect other applications', () => {
    const first = createExpressServer();
    const second = createExpressServer();
    expect(first.classes.IncomingMessage!.prototype).toBeInstanceOf(IncomingMessage);
    expect(first.classes.ServerResponse!.prototype).toBeInstanceOf(ServerResponse);
    expect(first.app.request).not.toBe(second.app.request);
  });
});

describe('targets in which Express finds no path', () => {
  let upstream: EchoUpstream;
  let gate: TestGate;

  beforeAll(async () => {
    upstream = await startEchoUpstream();
    gate = await startGate({
      upstreams: { echo: upstream.origin },
      routes: [{ match: '* /{path*}', upstream: 'echo', public: true, limit: 'none' }],
    });
  });

  afterAll(async () => {
    await gate.stop();
    await upstream.close();
  });

  const ask = (line: string) =>
    exchangeRaw(gate.port, `${line} HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n`);

  it.each([
    ['OPTIONS *', 404],
    ['GET *', 400],
    ['GET http://gate.test/files', 200],
    ['GET http://other.test/files', 400],
    ['GET http://', 400],
    ['GET gate.test:80', 400],
    ['GET //gate.test/files', 400],
    ['GET ?a=b', 400],
    ['GET /%', 400],
    ['GET /files?%', 200],
    ['GET /a:b@c', 200],
    ['GET /http://gate.test/', 400],
  ])('are handled by the gateway: %s is %i', async (line, status) => {
    const text = await ask(line);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(text).toMatch(/\r\nX-Request-Id: /);
    expect(text).not.toMatch(/<html|x-powered-by|Cannot /i);
  });
});
