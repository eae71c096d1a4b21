/**
 * Tokens in a header field, a cookie, a query or a subprotocol, over real sockets: which requests they open, what the upstream
 * gets of them, and that no token is in the log.
 */
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { WireResponse } from '../support/dialogue.js';
import { respondOk, startFixture, type Fixture } from '../support/fixture.js';
import { startGate } from '../support/gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { WEBSOCKET } from '../support/wire-fixture.js';

const LOG = join(tmpdir(), `tollgate-places-${process.pid}.log`);
const LOG_BATCH_MS = 600;
const PLACES = [
  'authorization' as const,
  { header: 'X-Goog-IAP-JWT-Assertion' },
  { cookie: 'session' },
  { query: 'access_token' },
  { websocket_protocol: 'bearer' },
];

let main: TestIssuer;
let keeping: TestIssuer;
let plain: TestIssuer;
let fixture: Fixture;
const sent: string[] = [];
/** How many of the upstream's requests belong to earlier tests. */
let forgotten = 0;

const requests = () => fixture.upstream.requests.slice(forgotten);

function forgetRequests(): void {
  forgotten = fixture.upstream.requests.length;
}

const issuerOf = ({ iss, jwksUrl }: TestIssuer) => ({
  issuer: iss,
  jwks: jwksUrl,
  audience: AUDIENCE,
  grants: ['orders:*'],
});

beforeAll(async () => {
  [main, keeping, plain] = await Promise.all([createTestIssuer(), createTestIssuer(), createTestIssuer()]);
  fixture = await startFixture(
    {
      log: { level: 'debug', file: LOG, paths: true },
      issuers: {
        main: { ...issuerOf(main), token_from: PLACES },
        keeping: { ...issuerOf(keeping), token_from: PLACES, forward_token: true },
        plain: issuerOf(plain),
      },
      routes: [
        { match: '* /orders/{path**}', upstream: 'behind', scope: 'orders:read', limit: 'none' },
        { match: '* /plain', upstream: 'behind', scope: 'orders:read', issuer: 'plain', limit: 'none' },
      ],
    },
    respondOk,
  );
});

beforeEach(() => {
  forgetRequests();
});

/** Whatever was sent, accepted or refused, no part of a token is in the log. */
afterAll(async () => {
  await sleep(LOG_BATCH_MS);
  const log = await readFile(LOG, 'utf8');
  expect(log).toContain('/orders');
  expect(log).toContain('it has two different tokens');
  for (const part of sent.flatMap((token) => token.split('.')))
    if (part.length > 12) expect(log).not.toContain(part);
  expect(log).not.toContain('access_token');
  await fixture.close();
  await Promise.all([main.close(), keeping.close(), plain.close(), rm(LOG)]);
});

function tokenOf(issuer: TestIssuer, claims = {}): string {
  const token = issuer.sign({ scope: 'orders:read', ...claims });
  sent.push(token);
  return token;
}

async function ask(line: string, ...fields: string[]): Promise<WireResponse> {
  const bytes = [`${line} HTTP/1.1`, 'Host: gate.test', ...fields, 'Content-Length: 0', '', ''].join('\r\n');
  const { responses, text } = await fixture.talk(bytes);
  if (!responses[0]) throw new Error(`no response: ${text}`);
  return responses[0];
}

async function shake(target: string, ...fields: string[]): Promise<WireResponse> {
  const bytes = [`GET ${target} HTTP/1.1`, 'Host: gate.test', ...WEBSOCKET, ...fields, '', ''].join('\r\n');
  const { responses, text } = await fixture.talk(bytes);
  if (!responses[0]) throw new Error(`no response: ${text}`);
  return responses[0];
}

/** The head of the one request that the upstream got. */
function forwarded(): string {
  const [request, ...more] = requests();
  expect(more).toEqual([]);
  return request!.head;
}

const SAME = 'Origin: http://gate.test';

describe('A token in a place that its issuer lists', () => {
  it('opens the route, and the upstream does not get it', async () => {
    const token = tokenOf(main);
    const cases: [() => Promise<WireResponse>, kept: string][] = [
      [() => ask('GET /orders/1', `X-Goog-IAP-JWT-Assertion: ${token}`, 'X-Kept: 1'), 'X-Kept: 1'],
      [() => ask('GET /orders/1', `Cookie: a=b; session=${token}; c=d`), 'Cookie: a=b; c=d'],
      [() => ask('POST /orders/1', `Cookie: session=${token}`, SAME), SAME],
      [() => shake(`/orders/1?x=1&access_token=${token}&y=%41`), 'GET /orders/1?x=1&y=%41 HTTP/1.1'],
      [() => shake(`/orders/1?access_token=${token}`), 'GET /orders/1 HTTP/1.1'],
      [
        () => shake('/orders/1', `Sec-WebSocket-Protocol: chat, bearer, ${token}`),
        'Sec-WebSocket-Protocol: chat, bearer\r\n',
      ],
      [() => shake('/orders/1', `Cookie: session=${token}`, SAME), SAME],
    ];
    for (const [request, kept] of cases) {
      forgetRequests();
      expect((await request()).status).toBe(200);
      expect(forwarded()).toContain(kept);
      expect(forwarded()).toContain('X-App-Id: app-1');
      expect(forwarded()).not.toContain(token);
      expect(forwarded()).not.toMatch(/authorization|access_token|session=/i);
    }
  });

  it('stays in its field or cookie with forward_token, and never in the query or the subprotocol', async () => {
    const token = tokenOf(keeping);
    await ask('GET /orders/1', `X-Goog-IAP-JWT-Assertion: ${token}`, 'X_Goog_IAP_JWT_Assertion: forged');
    expect(forwarded()).toContain(`X-Goog-IAP-JWT-Assertion: ${token}`);
    expect(forwarded()).not.toContain('forged');
    forgetRequests();
    await ask('GET /orders/1', `Cookie: session=${token}; a=b`);
    expect(forwarded()).toContain(`Cookie: session=${token}; a=b`);
    for (const [target, ...fields] of [
      [`/orders/1?access_token=${token}`],
      ['/orders/1', `Sec-WebSocket-Protocol: bearer, ${token}`],
    ] as const) {
      forgetRequests();
      expect((await shake(target, ...fields)).status).toBe(200);
      expect(forwarded()).not.toContain(token);
    }
  });

  it('takes an Authorization that was not verified away from the upstream', async () => {
    const token = tokenOf(main);
    await ask('GET /orders/1', `Cookie: session=${token}`, 'Authorization: Basic Zm9yZ2Vk');
    expect(forwarded()).not.toMatch(/authorization/i);
  });

  it('leaves a token in Authorization to forward_authorization', async () => {
    const token = tokenOf(main);
    expect((await ask('GET /orders/1', `Authorization: Bearer ${token}`)).status).toBe(200);
    expect(forwarded()).toContain(`Authorization: Bearer ${token}`);
  });

  it('is removed from the query of a request that is no WebSocket handshake too', async () => {
    const token = tokenOf(main);
    const other = tokenOf(main, { jti: 'other' });
    const response = await ask(`GET /orders/1?a=1&access_token=${other}`, `Authorization: Bearer ${token}`);
    expect(response.status).toBe(200);
    expect(forwarded()).toContain('GET /orders/1?a=1 HTTP/1.1');
    expect(forwarded()).not.toContain(other);
  });
});

describe('A token in another place', () => {
  it('opens nothing', async () => {
    const own = tokenOf(plain);
    const token = tokenOf(main);
    const refused = [
      await ask('GET /orders/1', `Cookie: session=${own}`),
      await ask('GET /orders/1', `X-Goog-IAP-JWT-Assertion: ${own}`),
      await shake(`/orders/1?access_token=${own}`),
      await ask(`GET /orders/1?access_token=${token}`),
      await ask('GET /orders/1', `Sec-WebSocket-Protocol: bearer, ${token}`),
      await ask('GET /plain', `Cookie: session=${own}`),
      await ask('GET /plain', `Cookie: session=${token}`),
      await shake(`/plain?access_token=${own}`),
    ];
    expect(refused.map(({ status, code }) => `${status} ${code}`)).toEqual([
      ...Array<string>(3).fill('401 89'),
      ...Array<string>(5).fill('401 215'),
    ]);
    expect(requests()).toEqual([]);
    expect((await ask('GET /plain', `Authorization: Bearer ${own}`)).status).toBe(200);
  });
});

describe('Two different tokens', () => {
  it('are 400, in any places and of any issuers', async () => {
    const one = tokenOf(main);
    for (const other of [tokenOf(main, { jti: '2' }), tokenOf(plain), tokenOf(main, { exp: 5 }), 'opaque']) {
      const responses = [
        await ask('GET /orders/1', `Authorization: Bearer ${one}`, `Cookie: session=${other}`),
        await ask('GET /orders/1', `Authorization: Bearer ${other}`, `Cookie: session=${one}`),
        await ask('GET /orders/1', `X-Goog-IAP-JWT-Assertion: ${one}`, `Cookie: session=${other}`),
        await ask('GET /orders/1', `Cookie: session=${one}; session=${other}`),
        await ask('GET /orders/1', `Cookie: session=${one}`, `Cookie: session=${other}`),
        await ask('POST /orders/1', `Authorization: Bearer ${one}`, `Cookie: session=${other}`),
        await shake(`/orders/1?access_token=${one}`, `Authorization: Bearer ${other}`),
        await shake(`/orders/1?access_token=${one}&%61ccess%5ftoken=${other}`),
        await shake(`/orders/1?access_token=${one}`, `Sec-WebSocket-Protocol: bearer, ${other}`),
      ];
      for (const response of responses) {
        expect([response.status, response.code]).toEqual([400, 214]);
        expect(response.field('www-authenticate')).toBe(
          'Bearer realm="tollgate", error="invalid_request", error_description="The request has two different tokens"',
        );
      }
    }
    expect(requests()).toEqual([]);
  });
});

describe('A cookie that a page of another origin makes the browser send', () => {
  it.each([
    [],
    ['Origin: http://evil.test'],
    ['Origin: http://a.gate.test'],
    ['Origin: http://gate.test:8080'],
    ['Origin: http://gate.test.evil.test'],
    ['Origin: null'],
    ['Sec-Fetch-Site: cross-site'],
    ['Sec-Fetch-Site: same-site'],
    ['Origin: http://evil.test', 'Sec-Fetch-Site: same-origin'],
    ['Origin: http://evil.test', 'X-Forwarded-Host: evil.test'],
    ['Origin: http://evil.test', 'X-HTTP-Method-Override: GET'],
  ])('opens no unsafe method and no WebSocket: %j', async (...fields: string[]) => {
    const cookie = `Cookie: session=${tokenOf(main)}`;
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const response = await ask(`${method} /orders/1`, cookie, ...fields);
      expect([response.status, response.code]).toEqual([401, 89]);
    }
    expect((await shake('/orders/1', cookie, ...fields)).status).toBe(401);
    expect(requests()).toEqual([]);
    expect((await ask('GET /orders/1', cookie, ...fields)).status).toBe(200);
  });
});

describe('A token in a query', () => {
  it('is in no log and no response, whatever becomes of the request', async () => {
    const token = tokenOf(main);
    const expired = tokenOf(main, { exp: 5 });
    const responses = [
      await shake(`/orders/1?access_token=${expired}`),
      await shake(`/orders/1?access_token=${token}x`),
      await shake(`/orders/1?%61ccess_token=${token}`),
      await shake(`/nowhere?access_token=${token}`),
      await shake(`/orders//1?access_token=${token}`),
      await ask(`GET /orders/1?access_token=${token}`),
      await ask(`GET /orders/1?access_token=${token}`, 'Host: twice'),
      await shake(`http://evil.test/orders/1?access_token=${token}`),
    ];
    expect(responses.map(({ status }) => status)).toEqual([401, 401, 200, 404, 400, 401, 400, 400]);
    for (const { head, body } of responses) expect(head + body).not.toContain(token.split('.')[2]);
    expect(forwarded()).toContain('GET /orders/1 HTTP/1.1');
  });
});

describe('A WebSocket of a browser', () => {
  it('is opened with its token as a subprotocol, and the upstream sees and chooses the other one', async () => {
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    const handshakes: (string | undefined)[] = [];
    sockets.on('connection', (each, { headers }) => {
      handshakes.push(headers['sec-websocket-protocol']);
      each.send('hello');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const gate = await startGate({
      issuers: { main: { ...issuerOf(main), token_from: [{ websocket_protocol: 'bearer' }] } },
      upstreams: { behind: `http://127.0.0.1:${port}` },
      routes: [{ match: 'GET /live', upstream: 'behind', scope: 'orders:read', limit: 'none' }],
    });
    const client = new WebSocket(`ws://127.0.0.1:${gate.port}/live`, ['bearer', tokenOf(main)]);
    const [message] = (await once(client, 'message')) as [Buffer];
    expect([message.toString(), client.protocol, handshakes]).toEqual(['hello', 'bearer', ['bearer']]);
    client.terminate();
    sockets.close();
    server.close();
    server.closeAllConnections();
    await gate.stop();
  });
});
