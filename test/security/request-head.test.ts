/**
 * A request head has one meaning: an ambiguous head is 400 and never forwarded, overrides are removed, and
 * preflights stay at the gateway.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRaw } from '../support/raw.js';
import { startFixture, type Fixture } from '../support/fixture.js';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture({
    cors: { origins: ['https://page.test'], headers: ['X-Mine'] },
    issuers: { main: { issuer: 'https://issuer.test', jwks: 'https://127.0.0.1:1/', audience: 'gate' } },
    routes: [
      { match: '* /open/{path*}', upstream: 'behind', public: true, max_body: '1kb' },
      { match: '* /scoped', upstream: 'behind', scope: 'admin' },
      { match: 'DELETE /open/thing', upstream: 'behind', scope: 'admin' },
    ],
  });
});
afterAll(() => fixture.close());

async function send(bytes: string) {
  const before = fixture.upstream.requests.length;
  const { responses, end, text } = await fixture.talk(bytes);
  const [response] = responses;
  const heads = fixture.upstream.requests.slice(before).map(({ head }) => head);
  return { status: response?.status, code: response?.code, answer: response, heads, end, text };
}

/** A request with exactly these fields, without a Host of its own. */
const bare = (fields: readonly string[], line = 'GET /open/a') =>
  send([`${line} HTTP/1.1`, ...fields, 'Connection: close', '', ''].join('\r\n'));
const ask = (line: string, ...fields: string[]) => bare(['Host: gate.test', ...fields], line);

describe('An ambiguous head', () => {
  it.each([
    ['no Host', []],
    ['an empty Host', ['Host:']],
    ['a blank Host', ['Host:   ']],
    ['two Host fields', ['Host: gate.test', 'Host: gate.test']],
    ['two Host fields in different case', ['Host: gate.test', 'HOST: other.test']],
    ['a user in the Host', ['Host: a@gate.test']],
    ['a path in the Host', ['Host: gate.test/a']],
    ['a query in the Host', ['Host: gate.test?a']],
    ['a space in the Host', ['Host: gate.test other.test']],
    ['a list of Hosts', ['Host: gate.test, other.test']],
    ['an escape in the Host', ['Host: g%61te.test']],
    ['a backslash in the Host', ['Host: gate.test\\a']],
    ['raw bytes in the Host', ['Host: g\xe4te.test']],
    ['a scheme in the Host', ['Host: http://gate.test']],
    ['port 0', ['Host: gate.test:0']],
    ['port 65536', ['Host: gate.test:65536']],
    ['an empty port', ['Host: gate.test:']],
    ['a port with a leading zero', ['Host: gate.test:080']],
    ['a port that is no number', ['Host: gate.test:8o']],
    ['two ports', ['Host: gate.test:80:80']],
    ['an open bracket', ['Host: [::1']],
    ['no IPv6 address in brackets', ['Host: [gate]']],
    ['an IPv6 address without brackets', ['Host: ::1']],
    ['two Authorization fields', ['Host: gate.test', 'Authorization: Bearer a', 'authorization: Bearer a']],
    ['two Content-Length fields', ['Host: gate.test', 'Content-Length: 0', 'Content-Length: 0']],
    ['two Transfer-Encoding fields', ['Host: a', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['both framing fields', ['Host: gate.test', 'Content-Length: 0', 'Transfer-Encoding: chunked']],
    ['an empty transfer coding', ['Host: gate.test', 'Transfer-Encoding:']],
    ['an unknown transfer coding', ['Host: gate.test', 'Transfer-Encoding: br']],
    ['a NUL in a value', ['Host: gate.test', 'X: a\0b']],
    ['a control character in a value', ['Host: gate.test', 'X: a\x01b']],
    ['a space in a name', ['Host: gate.test', 'X Y: a']],
    ['raw bytes in a name', ['Host: gate.test', 'X\xe9: a']],
    ['a slash in a name', ['Host: gate.test', 'X/Y: a']],
  ])('with %s is refused', async (_, fields) => {
    const { status, code, heads, answer: response } = await bare(fields);
    expect({ status, code, heads }).toEqual({ status: 400, code: 214, heads: [] });
    expect(response?.field('x-request-id')).toBeTruthy();
    expect(response?.field('content-type')).toBe('application/json');
  });

  it.each([
    'gate.test',
    'gate.test:1',
    'gate.test:65535',
    '127.0.0.1:8080',
    '[::1]',
    '[2001:db8::1]:443',
    'a_b.test',
  ])('does not include one with the Host %s', async (host) => {
    const { status, heads } = await bare([`Host: ${host}`]);
    expect(status).toBe(200);
    expect(heads[0]).toMatch(new RegExp(`^X-Forwarded-Host: ${host.replace(/[[\]]/g, '\\$&')}$`, 'm'));
  });
});

describe('A field that could override the matched method or path', () => {
  it.each([
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE',
    'x-http-method-override: DELETE',
    'X_HTTP_Method_Override: DELETE',
    'X-Original-URL: /scoped',
    'X-Rewrite-URL: /scoped',
    'x-ORIGINAL-url: /scoped',
    'X_Rewrite_URL: /scoped',
  ])('is removed: %s', async (field) => {
    const { status, heads } = await ask('GET /open/thing', field);
    expect(status).toBe(200);
    expect(heads).toHaveLength(1);
    expect(heads[0]).not.toMatch(/override|http.method|original|rewrite/i);
    expect(heads[0]).toMatch(/^GET \/open\/thing /);
  });

  it('does not change the route', async () => {
    expect((await ask('DELETE /open/thing', 'X-HTTP-Method-Override: GET')).status).toBe(401);
    expect((await ask('GET /scoped', 'X-Original-URL: /open/a')).status).toBe(401);
  });
});

describe('An Upgrade other than a WebSocket', () => {
  it.each(['h2c', 'TLS/1.0', 'websocket/13', 'foo, bar', 'HTTP/2.0'])('is ignored: %s', async (protocol) => {
    const fields = [`Upgrade: ${protocol}`, 'HTTP2-Settings: AAMAAABk', 'X-Mine: kept'];
    const { status, heads } = await send(
      [
        'GET /open/a HTTP/1.1',
        'Host: gate.test',
        ...fields,
        'Connection: Upgrade, HTTP2-Settings',
        '',
        '',
      ].join('\r\n'),
    );
    expect(status).toBe(200);
    expect(heads).toHaveLength(1);
    expect(heads[0]).not.toMatch(/^(upgrade|http2-settings):/im);
    expect(heads[0]).toMatch(/^X-Mine: kept$/m);
  });

  it('gives no more access than a plain request', async () => {
    const { responses } = await fixture.talk(
      'GET /scoped HTTP/1.1\r\nHost: gate.test\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    );
    expect(responses[0]?.status).toBe(401);
  });
});

describe('A preflight', () => {
  const METHOD = 'Access-Control-Request-Method: GET';

  it('is handled here, from the cors section, and never forwarded', async () => {
    const { answer: response, heads } = await ask('OPTIONS /scoped', 'Origin: https://page.test', METHOD);
    expect([response?.status, heads]).toEqual([204, []]);
    expect(response?.field('access-control-allow-origin')).toBe('https://page.test');
    expect(response?.field('access-control-allow-headers')).toBe('X-Mine');
  });

  it('of an unknown origin gets no permission', async () => {
    for (const origin of ['https://evil.test', 'https://page.test.evil.test', 'null', 'http://page.test']) {
      const { answer: response, heads } = await ask('OPTIONS /scoped', `Origin: ${origin}`, METHOD);
      expect(heads).toEqual([]);
      expect(response?.head).not.toMatch(/access-control-allow/i);
    }
  });

  it('without an Origin or a method needs a token like any request', async () => {
    expect((await ask('OPTIONS /scoped', METHOD)).status).toBe(401);
    expect((await ask('OPTIONS /scoped', 'Origin: https://page.test')).status).toBe(401);
    expect((await ask('OPTIONS /scoped', 'Access-Control-Request-Headers: authorization')).status).toBe(401);
  });

  it('with an invalid head is refused for that', async () => {
    expect((await ask('OPTIONS /scoped', 'Host: b', 'Origin: https://page.test', METHOD)).status).toBe(400);
    expect((await ask('OPTIONS /open//a', 'Origin: https://page.test', METHOD)).status).toBe(400);
  });
});

describe('Expect: 100-continue', () => {
  const expecting = (path: string, length: number) =>
    `POST ${path} HTTP/1.1\r\nHost: gate.test\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

  it('gets its 100 once the request is admitted, and is never forwarded', async () => {
    const client = openRaw(fixture.gate.port, expecting('/open/a', 3));
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('abc');
    expect(await client.until('\r\n\r\nok')).toContain('HTTP/1.1 200 OK');
    client.destroy();
    expect(fixture.upstream.requests.at(-1)?.head).not.toMatch(/^expect:/im);
    expect(fixture.upstream.requests.at(-1)?.body()).toBe('abc');
  });

  it.each([
    [401, '/scoped', 3],
    [413, '/open/a', 2000],
    [404, '/nowhere', 3],
    [400, '/open//a', 3],
  ])('gets no 100 with a %i, after which the connection closes', async (status, path, length) => {
    const before = fixture.upstream.requests.length;
    const { responses, text, end } = await fixture.talk(expecting(path, length), { untilEnd: true });
    expect(responses.map((response) => response.status)).toEqual([status]);
    expect(text).not.toContain(' 100 ');
    expect([responses[0]?.field('connection'), end]).toEqual(['close', 'end']);
    expect(fixture.upstream.requests).toHaveLength(before);
  });

  it('is ignored in HTTP/1.0, or without a body', async () => {
    const old =
      'POST /open/a HTTP/1.0\r\nHost: gate.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc';
    expect((await send(old)).text).toMatch(/^HTTP\/1\.1 200/);
    expect((await ask('GET /open/a', 'Expect: 100-continue')).text).toMatch(/^HTTP\/1\.1 200/);
  });
});

describe('A refusal with an unread body', () => {
  it.each([
    [401, '/scoped', 'Content-Length: 100000'],
    [413, '/open/a', 'Content-Length: 100000'],
    [404, '/nowhere', 'Content-Length: 100000'],
    [401, '/scoped', 'Transfer-Encoding: chunked'],
    [404, '/nowhere', 'Transfer-Encoding: chunked'],
  ])('%i at %s reaches the client whole, and closes the connection: %s', async (status, path, framing) => {
    const chunk = 'x'.repeat(100_000);
    const body = framing.startsWith('C') ? chunk : `${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`;
    const bytes = `POST ${path} HTTP/1.1\r\nHost: gate.test\r\n${framing}\r\n\r\n${body}`;
    const { responses, end } = await fixture.talk(bytes, { untilEnd: true });
    expect(responses.map((response) => response.status)).toEqual([status]);
    expect(responses[0]?.body).toHaveLength(Number(responses[0]?.field('content-length')));
    expect([responses[0]?.field('connection'), end]).toEqual(['close', 'end']);
  });

  it('reaches a client that continues to send a large body, which is not read to its end', async () => {
    const client = openRaw(
      fixture.gate.port,
      'POST /scoped HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 1000000000\r\n\r\n',
    );
    let sent = 0;
    const pump = (): void => {
      while (!client.socket.destroyed && sent < 100_000_000 && client.socket.write('x'.repeat(16_384)))
        sent += 16_384;
    };
    client.socket.on('drain', pump);
    pump();
    const text = await client.until(/\r\n\r\n\{"errors":\[\{"code":215,.*\}\]\}$/);
    await client.ended;
    expect(text).toMatch(/^HTTP\/1\.1 401 .*\r\n(.*\r\n)*Connection: close\r\n/);
    expect(sent).toBeLessThan(100_000_000);
  });
});
