/**
 * Hop-by-hop fields are not forwarded (RFC 9110 7.6.1), in either direction, and cannot remove the gateway's
 * own fields.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exchangeRaw } from '../support/raw.js';
import { pathOf, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { CHUNKED, WEBSOCKET, get, request } from '../support/wire-fixture.js';

/** What the upstream sends for the next request. */
let response: string;
let issuer: TestIssuer;
let fixture: Fixture;

beforeAll(async () => {
  issuer = await createTestIssuer();
  fixture = await startScriptedFixture(
    {
      issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
      routes: [
        { match: '* /open', upstream: 'behind', public: true },
        { match: 'GET /ws', upstream: 'behind', public: true },
        { match: 'GET /scoped', upstream: 'behind', scope: 'read', limit: '1000 per 1h' },
      ],
    },
    (asked) => void asked.whole.then(() => asked.socket.write(response, 'latin1')),
  );
});

afterAll(async () => {
  await fixture.close();
  await issuer.close();
});

/** What the upstream and the client received, as text: each field begins a line. */
async function pass(
  bytes: string,
  says = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
): Promise<{ asked: string; told: string }> {
  response = says;
  const before = fixture.upstream.requests.length;
  const { responses, text } = await fixture.talk(bytes);
  expect(responses).toHaveLength(1);
  expect(fixture.upstream.requests).toHaveLength(before + 1);
  const asked = fixture.upstream.requests[before]!;
  expect(bytes).toContain(` ${pathOf(asked)} `);
  return { asked: asked.head, told: text };
}

/** By name, with a value that no other field has. */
const ALONE = [
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
  'HTTP2-Settings',
];

describe.each(ALONE)('%s', (name) => {
  const fields = [name, name.toLowerCase(), name.toUpperCase()].map((spelt) => `${spelt}: of-this-hop`);

  it('is not forwarded to the upstream, in any case, once or repeated', async () => {
    const { asked } = await pass(get('/open', ...fields, 'X-End: kept'));
    expect(asked).not.toContain('of-this-hop');
    expect(asked).toContain('X-End: kept');
  });

  it('is not forwarded to the client', async () => {
    const head = ['HTTP/1.1 200 OK', ...fields, 'X-End: kept', 'Content-Length: 2'].join('\r\n');
    const { told } = await pass(get('/open'), `${head}\r\n\r\nok`);
    expect(told).not.toContain('of-this-hop');
    expect(told).toMatch(/\r\nX-End: kept\r\n[^]*ok$/);
  });
});

/** How a Connection field can name `X-Hop` and `X-Other`; the named fields come before and after it. */
const NOMINATIONS: [string, string[]][] = [
  ['in a list', ['Connection: close, X-Hop, X-Other']],
  ['in another case, with spaces and tabs', ['cOnnection: x-hop \t,\tX-OTHER']],
  ['among empty members', ['Connection: ,,keep-alive,,X-Hop,X-Other,']],
  ['in several fields', ['Connection: X-Hop', 'Connection: close', 'connection: X-Other']],
];

describe.each(NOMINATIONS)('A field that is named %s', (_, connection) => {
  const fields = ['X-Hop: of-this-hop', ...connection, 'X-Other: of-this-hop', 'X-End: kept'];

  it('is not forwarded to the upstream, nor is the Connection field', async () => {
    const { asked } = await pass(get('/open', ...fields));
    expect(asked).not.toMatch(/of-this-hop|x-hop|x-other/i);
    expect(asked).toContain('X-End: kept');
  });

  it.each([
    ['an answer with a length', 'HTTP/1.1 200 OK', 'Content-Length: 2', 'ok'],
    ['an answer in chunks', 'HTTP/1.1 200 OK', CHUNKED, '2\r\nok\r\n0\r\n\r\n'],
    ['an answer without a body', 'HTTP/1.1 204 No Content', 'X: y', ''],
  ])('is not forwarded to the client with %s', async (__, start, framing, body) => {
    const { told } = await pass(get('/open'), [start, ...fields, framing, '', body].join('\r\n'));
    expect(told).not.toMatch(/of-this-hop|x-hop|x-other/i);
    expect(told).toContain('X-End: kept');
  });

  it('is not forwarded in an interim response', async () => {
    const hints = ['HTTP/1.1 103 Early Hints', ...fields, '', ''].join('\r\n');
    const { told } = await pass(get('/open'), `${hints}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
    expect(told).toMatch(/^HTTP\/1\.1 103 [^]*X-End: kept/);
    expect(told).not.toMatch(/of-this-hop|x-hop|x-other/i);
  });

  it('is not forwarded with a WebSocket, in either direction', async () => {
    const [upgrade, ...rest] = WEBSOCKET;
    const switching = ['HTTP/1.1 101 Switching Protocols', upgrade!, 'Upgrade: websocket', ...fields, '', ''];
    const { asked, told } = await pass(get('/ws', upgrade!, ...rest, ...fields), switching.join('\r\n'));
    for (const head of [asked, told]) {
      expect(head).not.toMatch(/of-this-hop|x-hop|x-other/i);
      expect(head).toMatch(/^connection: upgrade\r\nupgrade: websocket$/im);
      expect(head).toContain('X-End: kept');
    }
  });
});

describe('A Connection field', () => {
  it("does not remove the gateway's fields about the caller, but removes the caller's own", async () => {
    const own = { 'x-app-id': 'app-1', 'x-token-issuer': 'main', 'x-token-scopes': 'read' };
    const bearer = `Authorization: Bearer ${issuer.sign({ scope: 'read' })}`;
    const names = [...Object.keys(own), 'x-request-id', 'x-forwarded-for', 'authorization', 'host'];
    const forged = Object.keys(own).map((name) => `${name}: forged`);
    const { asked } = await pass(get('/scoped', `Connection: ${names.join(', ')}`, ...forged, bearer));
    for (const [name, value] of Object.entries(own))
      expect(asked.match(new RegExp(`^${name}: .*$`, 'gim'))).toEqual([
        expect.stringMatching(new RegExp(`: ${value}$`)),
      ]);
    expect(asked).toMatch(/^x-request-id: [0-9a-f-]{36}$/im);
    expect(asked).toMatch(/^x-forwarded-for: 127\.0\.0\.1$/im);
    expect(asked).toContain(bearer);
  });

  it("does not remove the gateway's response fields, but removes the upstream's own", async () => {
    const bearer = `Authorization: Bearer ${issuer.sign({ scope: 'read' })}`;
    const { told } = await pass(
      get('/scoped', bearer),
      'HTTP/1.1 200 OK\r\nConnection: X-Request-Id, X-RateLimit-Limit\r\nX-Request-Id: theirs\r\n' +
        'X-RateLimit-Limit: 7\r\nContent-Length: 2\r\n\r\nok',
    );
    expect(told).toMatch(/^x-request-id: [0-9a-f-]{36}\r$/im);
    expect(told).toMatch(/^x-ratelimit-limit: 1000\r$/im);
    expect(told).not.toContain('theirs');
  });

  it('does not remove the length that frames the body, in either direction', async () => {
    const sized = ['Connection: content-length, transfer-encoding', 'Content-Length: 3'];
    const { asked, told } = await pass(
      request('POST /open', sized, 'abc'),
      'HTTP/1.1 200 OK\r\nConnection: Content-Length\r\nContent-Length: 2\r\n\r\nok',
    );
    expect(asked).toMatch(/^content-length: 3$/im);
    expect(told).toMatch(/^content-length: 2\r$/im);
  });

  it('also removes a trailer', async () => {
    response =
      `HTTP/1.1 200 OK\r\nConnection: X-Hop\r\n${CHUNKED}\r\nTrailer: X-Hop, X-End\r\n\r\n` +
      '2\r\nok\r\n0\r\nX-Hop: of-this-hop\r\nX-End: kept\r\n\r\n';
    const told = await exchangeRaw(fixture.gate.port, get('/open', 'Connection: close'));
    expect(told).toMatch(/X-End: kept\r\n\r\n$/);
    expect(told).not.toContain('of-this-hop');
  });
});
