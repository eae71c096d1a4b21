/** One request stays one request: whatever the bytes, the upstream never sees more requests than the gate admitted. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startScene, type Scene } from '../support/scene.js';
import type { WireRequest } from '../support/upstream.js';

let scene: Scene;
const SLOW_MS = 150;

beforeAll(async () => {
  scene = await startScene(
    { routes: [{ match: '* /{path*}', upstream: 'behind', public: true, max_body: '1mb' }] },
    answer,
  );
});
afterAll(() => scene.close());

/** `/slow` takes its time, `/ws` becomes a WebSocket where it is asked to, `/unasked` where it is not. */
function answer({ head, socket }: WireRequest): void {
  const path = / (\S*) /.exec(head)?.[1] ?? '';
  const say = (): void =>
    void socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
  const isUpgrade = /^upgrade: websocket/im.test(head);
  if (path === '/slow') setTimeout(say, SLOW_MS);
  else if ((path === '/ws' && isUpgrade) || path === '/unasked') {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  } else if (path === '/refused') {
    socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  } else say();
}

/** What every case below must hold, whatever else it says. */
afterEach(async () => {
  await scene.settle();
  expect(scene.upstream.requests.length).toBeLessThanOrEqual(scene.admitted());
  expect((await scene.talk(get('/alive'))).answers[0]?.body).toBe('/alive');
});

const get = (path: string, ...fields: string[]): string => request(`GET ${path}`, fields);
function request(line: string, fields: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: gate.test', ...fields, '', body].join('\r\n');
}
const CHUNKED = 'Transfer-Encoding: chunked';
const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];
const SMUGGLED = get('/smuggled');

/** The paths that the upstream was asked for meanwhile. */
async function seen(bytes: string, answers = 1) {
  const before = scene.upstream.requests.length;
  const dialogue = await scene.talk(bytes, { answers, timeoutMs: 1500 });
  await scene.settle();
  const requests = scene.upstream.requests.slice(before);
  return {
    ...dialogue,
    statuses: dialogue.answers.map(({ status }) => status),
    paths: requests.map(({ head }) => / (\S*) /.exec(head)?.[1]),
    requests,
  };
}

describe('A request whose end could be seen in two places', () => {
  it.each<[string, string]>([
    [
      'Content-Length beside Transfer-Encoding',
      request('POST /a', ['Content-Length: 5', CHUNKED], `0\r\n\r\n`),
    ],
    ['the two the other way round', request('POST /a', [CHUNKED, 'Content-Length: 5'], `0\r\n\r\n`)],
    ['two different lengths', request('POST /a', ['Content-Length: 0', 'Content-Length: 44'])],
    ['two equal lengths', request('POST /a', ['Content-Length: 0', 'Content-Length: 0'])],
    ['a list of lengths', request('POST /a', ['Content-Length: 0, 0'])],
    ['a signed length', request('POST /a', ['Content-Length: +0'])],
    ['a negative length', request('POST /a', ['Content-Length: -1'])],
    ['a hexadecimal length', request('POST /a', ['Content-Length: 0x0'])],
    ['an empty length', request('POST /a', ['Content-Length:'])],
    ['a length past all numbers', request('POST /a', ['Content-Length: 18446744073709551616'])],
    ['two codings', request('POST /a', [CHUNKED, CHUNKED], '0\r\n\r\n')],
    ['a coding twice in one field', request('POST /a', ['Transfer-Encoding: chunked, chunked'], '0\r\n\r\n')],
    ['chunked before a coding', request('POST /a', ['Transfer-Encoding: chunked, identity'], '0\r\n\r\n')],
    ['the coding identity', request('POST /a', ['Transfer-Encoding: identity'])],
    ['an unknown coding', request('POST /a', ['Transfer-Encoding: xchunked'], '0\r\n\r\n')],
    ['a coding with a parameter', request('POST /a', ['Transfer-Encoding: chunked;q=1'], '0\r\n\r\n')],
    ['a coding in quotes', request('POST /a', ['Transfer-Encoding: "chunked"'], '0\r\n\r\n')],
    ['an empty coding beside a length', request('POST /a', ['Content-Length: 0', 'Transfer-Encoding:'])],
    ['a vertical tab after the coding', request('POST /a', ['Transfer-Encoding: chunked\x0b'], '0\r\n\r\n')],
    ['a NUL after the coding', request('POST /a', ['Transfer-Encoding: chunked\0'], '0\r\n\r\n')],
    ['a space before the colon', request('POST /a', ['Transfer-Encoding : chunked'], '0\r\n\r\n')],
    ['a tab before the colon', request('POST /a', ['Content-Length\t: 0'])],
    ['a folded coding', request('POST /a', ['Transfer-Encoding:\r\n chunked'], '0\r\n\r\n')],
    ['a folded field', request('GET /a', ['X: a\r\n b'])],
    ['a field that begins with a space', request('GET /a', [' X: a'])],
    ['chunks in HTTP/1.0', `POST /a HTTP/1.0\r\nHost: gate.test\r\n${CHUNKED}\r\n\r\n0\r\n\r\n`],
    ['chunks in HTTP/0.9', `POST /a HTTP/0.9\r\nHost: gate.test\r\n${CHUNKED}\r\n\r\n0\r\n\r\n`],
    ['bare LF in the head', `GET /a HTTP/1.1\nHost: gate.test\n\n`],
    ['one bare LF', `GET /a HTTP/1.1\r\nHost: gate.test\nX: a\r\n\r\n`],
    ['a bare LF at the end of the head', `GET /a HTTP/1.1\r\nHost: gate.test\r\n\n`],
    ['a bare CR', `GET /a HTTP/1.1\r\nHost: gate.test\rX: a\r\n\r\n`],
    ['a line without a colon', request('GET /a', ['Garbage'])],
    ['a field without a name', request('GET /a', [': a'])],
  ])('is refused, and its connection closed: %s', async (_, bytes) => {
    const { answers, paths, end } = await seen(bytes + SMUGGLED, 2);
    expect(answers.map(({ status, code }) => [status, code])).toEqual([[400, 214]]);
    expect(answers[0]?.field('connection')).toBe('close');
    expect(end).toBe('end');
    expect(paths).toEqual([]);
  });

  it.each([
    ['a coding before chunked', request('POST /a', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')],
    ['an empty coding', request('POST /a', ['Transfer-Encoding:'])],
  ])('is refused by the gate, after which its connection says nothing more: %s', async (_, bytes) => {
    const { answers, end } = await seen(bytes + SMUGGLED, 2);
    expect(answers.map(({ status, code }) => [status, code])).toEqual([[400, 214]]);
    expect(answers[0]?.field('connection')).toBe('close');
    expect(end).toBe('end');
  });

  it.each([
    ['-1', '-1\r\nabc\r\n0\r\n\r\n'],
    ['+3', '+3\r\nabc\r\n0\r\n\r\n'],
    ['0x3', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['3 with a space', '3 \r\nabc\r\n0\r\n\r\n'],
    ['none', '\r\nabc\r\n0\r\n\r\n'],
    ['a letter', 'g\r\nabc\r\n0\r\n\r\n'],
    ['more than 64 bits', '10000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['less than what follows', '2\r\nabc\r\n0\r\n\r\n'],
    ['ended by a bare LF', '3\nabc\r\n0\r\n\r\n'],
    ['with an extension ended by a bare LF', '3;a\nabc\r\n0\r\n\r\n'],
    ['with data ended by a bare LF', '3\r\nabc\n0\r\n\r\n'],
    ['with other bytes in place of the CRLF', '3\r\nabcXX0\r\n\r\n'],
  ])('is refused with a chunk size: %s', async (_, body) => {
    const { statuses, paths, requests, end } = await seen(
      request('POST /chunks', [CHUNKED], body) + SMUGGLED,
      2,
    );
    expect(statuses).toEqual([400]);
    expect(end).toBe('end');
    expect(paths).not.toContain('/smuggled');
    // What of it was under way never becomes whole.
    for (const { body: sent } of requests) expect(sent()).not.toMatch(/(^|\r\n)0\r\n\r\n$/);
  });

  it('is refused with framing fields among its trailers', async () => {
    const body = '3\r\nabc\r\n0\r\nContent-Length: 4\r\n\r\n';
    const { statuses, paths } = await seen(
      request('POST /a', [CHUNKED, 'Trailer: Content-Length'], body) + SMUGGLED,
      2,
    );
    expect(statuses).toEqual([400]);
    expect(paths).not.toContain('/smuggled');
  });
});

describe('A request with a body', () => {
  it('keeps its end where DELETE, GET and OPTIONS come in chunks over connections that are kept alive', async () => {
    const smuggled = SMUGGLED.length.toString(16);
    for (const method of ['DELETE', 'GET', 'OPTIONS', 'DELETE', 'PROPFIND', 'DELETE']) {
      const bytes = request(`${method} /a`, [CHUNKED], `${smuggled}\r\n${SMUGGLED}\r\n0\r\n\r\n`);
      const { statuses, paths, requests } = await seen(bytes);
      expect([statuses, paths]).toEqual([[200], ['/a']]);
      expect(requests[0]?.body()).toBe(`${smuggled}\r\n${SMUGGLED}\r\n0\r\n\r\n`);
    }
  });

  it('keeps its end where its length is stated', async () => {
    const bytes = request('DELETE /a', [`Content-Length: ${SMUGGLED.length}`], SMUGGLED);
    const { statuses, paths, requests } = await seen(bytes);
    expect([statuses, paths]).toEqual([[200], ['/a']]);
    expect(requests[0]?.body()).toBe(SMUGGLED);
  });

  it('loses its chunk extensions and its trailers on the way', async () => {
    const body = '3;a="\\"b"\r\nabc\r\n0;last\r\nX-App-Id: boss\r\n\r\n';
    const { paths, requests } = await seen(
      request('POST /a', [CHUNKED, 'Trailer: X-App-Id', 'TE: trailers'], body),
    );
    expect(paths).toEqual(['/a']);
    expect(requests[0]?.body()).toBe('3\r\nabc\r\n0\r\n\r\n');
    expect(requests[0]?.head).not.toMatch(/^(trailer|te|x-app-id):/im);
  });

  it('takes no length from a field that only looks like one', async () => {
    const { paths, requests } = await seen(request('POST /a', ['Content_Length: 44']) + SMUGGLED, 2);
    expect(paths.sort()).toEqual(['/a', '/smuggled']);
    for (const { head } of requests) expect(head).not.toMatch(/content.length: 44/i);
  });
});

describe('A pipeline', () => {
  it('is answered in its order, refusals among the answers', async () => {
    const bytes = [
      get('/slow'),
      get('/a//b'),
      get('/two'),
      get('/three', 'Host: other'),
      request('POST /four', ['Content-Length: 3'], 'abc'),
      request('TRACE /five'),
      get('/six', 'Connection: close'),
      SMUGGLED,
    ];
    const { statuses, answers, paths } = await seen(bytes.join(''), 8);
    expect(statuses).toEqual([200, 400, 200, 400, 200, 405, 200]);
    expect(answers.map(({ body }) => body).filter((body) => body.startsWith('/'))).toEqual([
      '/slow',
      '/two',
      '/four',
      '/six',
    ]);
    expect(paths.sort()).toEqual(['/four', '/six', '/slow', '/two']);
  });

  it('ends with a refusal whose body nobody reads', async () => {
    const refused = request('POST /a//b', [`Content-Length: ${SMUGGLED.length + 1}`], SMUGGLED);
    const { statuses, paths, end } = await seen(`${get('/one')}${refused}`, 3);
    expect([statuses, paths, end]).toEqual([[200, 400], ['/one'], 'end']);
  });

  it('with garbage behind a request is answered for the request, then 400 and closed', async () => {
    const { statuses, paths, end } = await seen(`${get('/slow')}GARBAGE\r\n\r\n`, 3);
    expect([statuses, paths, end]).toEqual([[200, 400], ['/slow'], 'end']);
  });

  it('with a broken body behind an answer that is due does not mix the two', async () => {
    const { text } = await seen(`${get('/slow')}${request('POST /a', [CHUNKED], 'zz\r\n')}`, 2);
    // The first answer's place is not taken by the refusal of the second request.
    expect(text).not.toMatch(/^HTTP\/1\.1 400/);
  });

  it('with a WebSocket behind an answer that is due waits for it', async () => {
    const { statuses, paths } = await seen(get('/slow') + get('/ws', ...WEBSOCKET), 2);
    expect([statuses, paths]).toEqual([
      [200, 101],
      ['/slow', '/ws'],
    ]);
  });

  it('with an upgrade to h2c between plain requests is answered whole and in its order', async () => {
    const bytes = get('/slow') + get('/h2c', ...H2C) + get('/after');
    const { answers, paths } = await seen(bytes, 3);
    expect(answers.map(({ body }) => body)).toEqual(['/slow', '/h2c', '/after']);
    expect(paths.sort()).toEqual(['/after', '/h2c', '/slow']);
  });

  it('of upgrades to h2c alone is answered whole', async () => {
    const { statuses } = await seen(get('/h2c', ...H2C).repeat(30), 30);
    expect(statuses).toEqual(new Array(30).fill(200));
  });

  it.each([
    ['CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n'],
    ['a WebSocket', get('/ws', ...WEBSOCKET)],
    ['an upgrade to h2c', get('/h2c', ...H2C)],
    ['garbage', 'GARBAGE\r\n\r\n'],
  ])('that is reset while %s waits for its turn leaves the gate alive', async (_, second) => {
    const socket = connect(scene.gate.port, '127.0.0.1');
    socket.on('error', () => undefined).write(get('/slow') + second);
    await sleep(SLOW_MS / 3);
    socket.resetAndDestroy();
    await sleep(SLOW_MS);
    expect((await scene.talk(get('/still'))).answers[0]?.body).toBe('/still');
  });
});

describe('A change of protocol', () => {
  it('is raw only after the 101 of the upstream: what the client sends before is no request', async () => {
    const { statuses, paths } = await seen(get('/refused', ...WEBSOCKET) + SMUGGLED, 2);
    expect([statuses, paths]).toEqual([[403], ['/refused']]);
  });

  it('carries what follows it as raw bytes', async () => {
    const { statuses, text, requests } = await seen(get('/ws', ...WEBSOCKET) + SMUGGLED, 2);
    expect(statuses).toEqual([101]);
    expect(text).not.toContain('/smuggled');
    expect(requests).toHaveLength(1);
  });

  it('that nobody asked for is a broken answer', async () => {
    const { statuses, paths } = await seen(get('/unasked') + SMUGGLED, 2);
    expect(statuses[0]).toBe(502);
    expect(paths.filter((path) => path === '/unasked')).toHaveLength(1);
  });

  it.each([
    ['a stated length', ['Content-Length: 3'], 'abc'],
    ['chunks', [CHUNKED], '3\r\nabc\r\n0\r\n\r\n'],
  ])('to a WebSocket with a body of %s is refused', async (_, fields, body) => {
    const { statuses, paths, end } = await seen(
      request('GET /ws', [...WEBSOCKET, ...fields], body) + SMUGGLED,
      2,
    );
    expect([statuses, paths, end]).toEqual([[400], [], 'end']);
  });

  it.each([
    ['a stated length', ['Content-Length: 3'], 'abc'],
    ['chunks', [CHUNKED], '3\r\nabc\r\n0\r\n\r\n'],
  ])('to h2c with a body of %s and a request behind goes on as two plain ones', async (_, fields, body) => {
    const { answers, paths, requests } = await seen(
      request('POST /h2c', [...H2C, ...fields], body) + get('/second'),
      2,
    );
    expect(answers.map(({ body: path }) => path)).toEqual(['/h2c', '/second']);
    expect(paths.sort()).toEqual(['/h2c', '/second']);
    for (const { head } of requests) expect(head).not.toMatch(/^(upgrade|http2-settings):/im);
  });

  it('by POST, in HTTP/1.0 or to one of several is none', async () => {
    const post = await seen(request('POST /ws', WEBSOCKET));
    expect([post.statuses, post.paths]).toEqual([[200], ['/ws']]);
    const several = await seen(get('/ws', 'Connection: Upgrade', 'Upgrade: websocket, h2c'));
    expect([several.statuses, several.paths]).toEqual([[200], ['/ws']]);
    const old = await seen(`GET /ws HTTP/1.0\r\nHost: gate.test\r\n${WEBSOCKET.join('\r\n')}\r\n\r\n`);
    expect([old.statuses, old.paths]).toEqual([[400], []]);
  });

  it('with two Host fields is refused like any request', async () => {
    const flawed = ['Host: other.test'];
    expect((await seen(get('/ws', ...flawed, ...WEBSOCKET))).statuses).toEqual([400]);
    expect((await seen(get('/ws', ...flawed, ...H2C))).statuses).toEqual([400]);
  });
});

describe('A method or version that the gate does not speak', () => {
  it.each([
    ['CONNECT', 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n', 405],
    ['TRACE', request('TRACE /a', ['Connection: close']), 405],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['HTTP/2.0', 'GET /a HTTP/2.0\r\nHost: gate.test\r\nConnection: close\r\n\r\n', 400],
    ['HTTP/1.2', 'GET /a HTTP/1.2\r\nHost: gate.test\r\n\r\n', 400],
    ['HTTP/0.9', 'GET /a HTTP/0.9\r\nHost: gate.test\r\n\r\n', 400],
    ['no version at all', 'GET /a\r\n\r\n', 400],
    ['a method in lower case', 'get /a HTTP/1.1\r\nHost: gate.test\r\n\r\n', 400],
  ])('is refused: %s', async (_, bytes, status) => {
    const { statuses, paths, end } = await seen(bytes + SMUGGLED, 2);
    expect([statuses, paths, end]).toEqual([[status], [], 'end']);
  });

  it('is not HTTP/1.0, whose connection ends with its answer', async () => {
    const { statuses, paths, end } = await seen('GET /old HTTP/1.0\r\nHost: gate.test\r\n\r\n' + SMUGGLED, 2);
    expect([statuses, paths, end]).toEqual([[200], ['/old'], 'end']);
  });
});
