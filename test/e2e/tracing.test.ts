/** Tracing: what a collector receives of each request, and what the upstream gets. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { VERSION } from '../../src/model/version.js';
import { startCollector, type Collector, type ReceivedSpan } from '../support/collector.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const STATE = 'vendor=opaque:1,other@tenant=x';
/** Connections come from 127.0.0.1. */
const TRUSTED = { trust_proxy: ['127.0.0.1'] };

let collector: Collector;
let issuer: TestIssuer;
let upstream: Server;
let origin: string;
let respond: (req: IncomingMessage, res: ServerResponse) => void;
/** What the upstream received. */
let received: IncomingMessage[];

beforeAll(async () => {
  [collector, issuer] = await Promise.all([startCollector(), createTestIssuer()]);
  upstream = createServer((req, res) => {
    received.push(req);
    respond(req, res);
  });
  const sockets = new WebSocketServer({ server: upstream });
  sockets.on('connection', (socket, req) => {
    received.push(req);
    socket.on('message', (data) => socket.send(data));
  });
  await once(upstream.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});

afterAll(async () => {
  upstream.closeAllConnections();
  upstream.close();
  await Promise.all([collector.close(), issuer.close()]);
});

beforeEach(() => {
  received = [];
  respond = (_req, res) => res.end('ok');
  collector.clear();
});

function configOf(more: Partial<Config> = {}): Config {
  return {
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { service: origin },
    routes: [
      { match: 'GET,POST /files/{id}', upstream: 'service', scope: 'storage:read', limit: '2 per 1m' },
      { match: '* /open/{path*}', upstream: 'service', public: true, limit: 'none' },
    ],
    tracing: { otlp: collector.origin },
    drain_delay: '0s',
    ...more,
  };
}

/** Runs a gateway, and stops it, which sends all spans. */
async function traced(
  config: Partial<Config>,
  use: (gate: TestGate) => Promise<unknown>,
): Promise<readonly ReceivedSpan[]> {
  const gate = await startGate(configOf(config));
  try {
    await use(gate);
  } finally {
    await gate.stop();
  }
  return collector.spans;
}

const parentField = (flags: string): string => `00-${TRACE}-${SPAN}-${flags}`;
const sentParents = (): unknown[] => received.map(({ headers }) => headers['traceparent']);

describe('a forwarded request', () => {
  it('has one span with the attributes of the conventions and the events of its steps', async () => {
    let id = '';
    const before = BigInt(Date.now()) * 1_000_000n;
    const token = issuer.sign({ scope: 'storage:read' });
    const spans = await traced({}, async (gate) => {
      const response = await fetch(`${gate.url}/files/7?secret=canary`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      id = response.headers.get('x-request-id') ?? '';
      await response.text();
    });
    expect(spans).toHaveLength(1);
    const [span] = spans as [ReceivedSpan];
    expect(span).toMatchObject({ name: 'GET /files/{id}', kind: 2, status: 0, parentSpanId: undefined });
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'http.route': '/files/{id}',
      'http.response.status_code': 200,
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'client.address': '127.0.0.1',
      'tollgate.request_id': id,
      'tollgate.route': 'GET,POST /files/{id}',
      'tollgate.issuer': 'main',
      'tollgate.app': 'app-1',
      'tollgate.upstream': 'service',
      'tollgate.target': origin,
    });
    expect(span.events.map(({ name }) => name)).toEqual([
      'read',
      'match',
      'authenticate',
      'authorize',
      'limit',
      'forward',
      'response',
    ]);
    const forwarded = span.events.find(({ name }) => name === 'forward');
    expect(forwarded?.attributes).toEqual({ 'tollgate.target': origin });
    const times = [before, span.start, ...span.events.map(({ time }) => time), span.end];
    expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
    expect(span.end).toBeLessThanOrEqual(BigInt(Date.now() + 2) * 1_000_000n);
    expect(span.resource).toMatchObject({ 'service.name': 'tollgate', 'service.version': VERSION });
    expect(collector.text()).not.toContain('canary');
    expect(collector.text()).not.toContain(token.slice(0, 20));
    expect(collector.requests[0]).toMatchObject({ path: '/v1/traces' });
  });

  it('is the parent of the spans of its upstream', async () => {
    const [span] = await traced({}, (gate) => fetch(`${gate.url}/open/a`));
    expect(span?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(sentParents()).toEqual([`00-${span?.traceId}-${span?.spanId}-01`]);
    expect(received[0]?.headers['tracestate']).toBeUndefined();
  });

  it('has its path, without signed tokens and the query, where the file logs paths', async () => {
    const token = issuer.sign({ scope: 'storage:read' });
    const config = { log: { level: 'silent', paths: true } } as const;
    const [span] = await traced(config, (gate) => fetch(`${gate.url}/open/a/${token}?secret=canary`));
    expect(span?.attributes['url.path']).toBe('/open/a/[token]');
    expect(collector.text()).not.toContain('canary');
  });

  it('has an event for each attempt', async () => {
    const dead = 'http://127.0.0.1:1';
    const upstreams = { service: { targets: [dead, origin] } };
    const spans = await traced({ upstreams }, async (gate) => {
      await fetch(`${gate.url}/open/a`);
      await fetch(`${gate.url}/open/b`);
    });
    const attempts = spans.map(({ events }) =>
      events.filter(({ name }) => name === 'forward').map(({ attributes }) => attributes['tollgate.target']),
    );
    expect(attempts).toContainEqual([dead, origin]);
    for (const { traceId, spanId, attributes } of spans) {
      expect(attributes['tollgate.target']).toBe(origin);
      expect(sentParents()).toContain(`00-${traceId}-${spanId}-01`);
    }
  });

  it('failed where its upstream failed, also after the head of the response', async () => {
    respond = (req, res) => {
      if (req.url === '/open/500') res.writeHead(500).end();
      else res.writeHead(200, { 'Content-Length': 100 }).write('part', () => res.destroy());
    };
    const spans = await traced({}, async (gate) => {
      await fetch(`${gate.url}/open/500`);
      await fetch(`${gate.url}/open/part`).then((response) => response.text().catch(() => undefined));
    });
    expect(spans).toMatchObject([
      { status: 2, attributes: { 'http.response.status_code': 500, 'error.type': '500' } },
      {
        status: 2,
        attributes: { 'http.response.status_code': 200, 'error.type': 'upstream_reset_in_body' },
      },
    ]);
  });

  it('that is a WebSocket has a span until the tunnel ends', async () => {
    let openMs = 0;
    const [span] = await traced({}, async (gate) => {
      const socket = new WebSocket(`${gate.url.replace('http', 'ws')}/open/socket`);
      await once(socket, 'open');
      const begun = performance.now();
      socket.send('x');
      await once(socket, 'message');
      await new Promise((resolve) => setTimeout(resolve, 50));
      openMs = performance.now() - begun;
      socket.close();
      await until(() => gate.records.length === 1);
    });
    expect(span).toMatchObject({
      name: 'GET /open/{path*}',
      attributes: { 'http.response.status_code': 101 },
    });
    expect(sentParents()).toEqual([`00-${span?.traceId}-${span?.spanId}-01`]);
    const switched = span?.events.find(({ name }) => name === 'response')?.time ?? 0n;
    expect(Number((span?.end ?? 0n) - switched) / 1e6).toBeGreaterThanOrEqual(openMs - 5);
  });
});

describe('a refused request', () => {
  it('has a span with the reason, and with events up to the step that refused it', async () => {
    const sign = (scope: string) => ({ headers: { Authorization: `Bearer ${issuer.sign({ scope })}` } });
    const spans = await traced({}, async (gate) => {
      await fetch(`${gate.url}/nowhere`, { method: 'PROPFIND' });
      await fetch(`${gate.url}/files/7`, { headers: { Authorization: 'Bearer x' } });
      await fetch(`${gate.url}/files/7`, sign('other'));
      for (let i = 0; i < 3; i++) await fetch(`${gate.url}/files/7`, sign('storage:read'));
    });
    const told = spans.map(({ name, status, attributes, events }) => [
      name,
      status,
      attributes['http.response.status_code'],
      attributes['tollgate.reason'],
      events.at(-1)?.name,
    ]);
    expect(told.filter(([, , status]) => status !== 200)).toEqual([
      ['HTTP', 0, 404, 'no_route', 'match'],
      ['GET /files/{id}', 0, 401, 'invalid_token', 'authenticate'],
      ['GET /files/{id}', 0, 403, 'insufficient_scope', 'authorize'],
      ['GET /files/{id}', 0, 429, 'rate_limited', 'limit'],
    ]);
    expect(spans[0]?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PROPFIND',
    });
    expect(received).toHaveLength(2);
  });

  it('by the gateway itself with 503 is an error', async () => {
    const upstreams = { service: 'http://127.0.0.1:1' };
    const [span] = await traced({ upstreams }, (gate) => fetch(`${gate.url}/open/a`));
    expect(span).toMatchObject({ status: 2, attributes: { 'error.type': 'upstream_unreachable' } });
  });
});

describe('the trace of a caller', () => {
  const ask =
    (flags: string, more: Record<string, string> = {}) =>
    (gate: TestGate) =>
      fetch(`${gate.url}/open/a`, { headers: { traceparent: parentField(flags), ...more } });

  it('is taken up from anyone, and its tracestate is passed on unchanged', async () => {
    const [span] = await traced({}, ask('00', { tracestate: STATE }));
    expect(span).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, traceState: STATE });
    expect(received[0]?.headers).toMatchObject({
      traceparent: `00-${TRACE}-${span?.spanId}-01`,
      tracestate: STATE,
    });
  });

  it('that is not sampled is passed on with a new span id, and nothing is sent to the collector', async () => {
    const tracing = { otlp: collector.origin, sample: '0%' };
    await traced({ tracing }, ask('01', { tracestate: STATE }));
    expect(collector.spans).toEqual([]);
    const sent = String(received[0]?.headers['traceparent']);
    expect(sent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(sent).not.toContain(SPAN);
    expect(received[0]?.headers['tracestate']).toBe(STATE);
  });

  it.each([
    ['sampled', '01', '0%', 1],
    ['not sampled', '00', '100%', 0],
  ])('from a trusted proxy that says %s is decided by the proxy', async (_, flags, sample, count) => {
    const tracing = { otlp: collector.origin, sample };
    const spans = await traced({ ...TRUSTED, tracing }, ask(flags));
    expect(spans).toHaveLength(count);
    expect(String(received[0]?.headers['traceparent']).endsWith(flags)).toBe(true);
  });

  it('that a trusted proxy did not begin is decided by the share', async () => {
    const tracing = { otlp: collector.origin, sample: '0%' };
    await traced({ ...TRUSTED, tracing }, (gate) => fetch(`${gate.url}/open/a`));
    expect(collector.spans).toEqual([]);
    expect(sentParents()[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  });

  it.each(['00', '01'])(
    'from any caller does not decide, whatever its flags %s and its trace id',
    async (flags) => {
      const tracing = { otlp: collector.origin, sample: '30%' };
      const spans = await traced({ tracing }, async (gate) => {
        // The smallest trace id: a sampler that compares it with a share would always choose it.
        const traceparent = `00-${'0'.repeat(31)}1-${SPAN}-${flags}`;
        for (let i = 0; i < 20; i++) {
          const ten = Array.from({ length: 10 }, () =>
            fetch(`${gate.url}/open/a`, { headers: { traceparent } }),
          );
          await Promise.all(ten);
        }
      });
      // 200 requests at 30 %: outside of these once in some 10 million runs.
      expect(spans.length).toBeGreaterThan(25);
      expect(spans.length).toBeLessThan(95);
    },
  );

  it('that is malformed is replaced by a new one, without its tracestate', async () => {
    const headers = { traceparent: `00-${TRACE}-${SPAN}-01-extra`, tracestate: STATE };
    const [span] = await traced({}, (gate) => fetch(`${gate.url}/open/a`, { headers }));
    expect(span).toMatchObject({ parentSpanId: undefined });
    expect(span?.traceState ?? '').toBe('');
    expect(span?.traceId).not.toBe(TRACE);
    expect(sentParents()).toEqual([`00-${span?.traceId}-${span?.spanId}-01`]);
    expect(received[0]?.headers['tracestate']).toBeUndefined();
  });

  it('is passed on unchanged where the file has no tracing', async () => {
    await traced({ tracing: undefined }, ask('01', { tracestate: STATE }));
    expect(received[0]?.headers).toMatchObject({ traceparent: parentField('01'), tracestate: STATE });
    expect(collector.requests).toEqual([]);
  });

  it('is not told to an upstream whose headers.remove names it', async () => {
    const upstreams = { service: { targets: [origin], headers: { remove: ['traceparent'] } } };
    await traced({ upstreams }, ask('01'));
    expect(sentParents()).toEqual([undefined]);
  });
});

describe('a reload', () => {
  it('applies other settings, and sends what was waiting for the former collector', async () => {
    const second = await startCollector();
    await traced({}, async (gate) => {
      await fetch(`${gate.url}/open/a`);
      const tracing = { otlp: second.origin, service: 'edge' };
      expect(await gate.reload(configOf({ tracing }))).toBe(true);
      await fetch(`${gate.url}/open/b`);
      expect(await gate.reload(configOf({ tracing: undefined }))).toBe(true);
      await fetch(`${gate.url}/open/c`);
    });
    expect(collector.spans).toHaveLength(1);
    expect(second.spans).toMatchObject([{ resource: { 'service.name': 'edge' } }]);
    await second.close();
  });

  it('that does not change tracing keeps the exporter', async () => {
    const spans = await traced({}, async (gate) => {
      await fetch(`${gate.url}/open/a`);
      await gate.reload(configOf({ max_in_flight: 99 }));
      await fetch(`${gate.url}/open/b`);
    });
    // Both came in one request.
    expect(spans).toHaveLength(2);
    expect(collector.requests).toHaveLength(1);
  });
});

it("The requests to the collector have the file's fields", async () => {
  const tracing = { otlp: `${collector.origin}/tenant/`, headers: { Authorization: 'Bearer canary' } };
  await traced({ tracing }, (gate) => fetch(`${gate.url}/open/a`));
  expect(collector.requests[0]).toMatchObject({
    path: '/tenant/v1/traces',
    headers: { authorization: 'Bearer canary', 'content-type': 'application/json' },
  });
});
