/** Unparsable requests get a response: with the gateway's body, an id, and never inside another response. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasUnknownMethod, isOfHead } from '../../src/server/request-line.js';
import { startGate, type TestGate } from '../support/gate.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { until } from '../support/until.js';
import { startEchoUpstream, type EchoUpstream } from '../support/upstream.js';

let upstream: EchoUpstream;
let gate: TestGate;

beforeAll(async () => {
  upstream = await startEchoUpstream((req, res) => {
    if (req.url === '/slow') {
      res.write('slow ');
      setTimeout(() => res.end('answer'), 300);
    } else if (req.url === '/late') {
      setTimeout(() => res.end('late answer'), 300);
    } else {
      req.resume().on('end', () => res.end('answer'));
    }
  });
  gate = await startGate({
    client: { header_timeout: '400ms' },
    upstreams: { echo: upstream.origin },
    routes: [{ match: '* /{name}', upstream: 'echo', public: true, limit: 'none' }],
  });
});

afterAll(async () => {
  await gate.stop();
  await upstream.close();
});

/** The parts of a raw response. */
function responses(text: string) {
  return text.split(/(?=HTTP\/1\.1 )/).map((one) => {
    const [head = '', body = ''] = one.split(/\r\n\r\n(.*)/s);
    return { status: Number(head.slice(9, 12)), head, body };
  });
}

function expectRefusal(text: string, status: number, code: number): void {
  const [response, ...more] = responses(text);
  expect(more).toEqual([]);
  expect(response?.status).toBe(status);
  expect(response?.head).toMatch(/\r\nContent-Type: application\/json/);
  expect(response?.head).toMatch(/\r\nX-Request-Id: [\w-]{8,}/);
  expect(response?.head).toMatch(/\r\nConnection: close/);
  const date = /\r\nDate: (.*? GMT)(?:\r|$)/.exec(response?.head ?? '')?.[1] ?? '';
  expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(60_000);
  expect(response?.head).toContain(`\r\nContent-Length: ${response?.body.length}`);
  expect(JSON.parse(response?.body ?? '')).toMatchObject({ errors: [{ code }] });
}

const UPLOAD = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n{"a": 1}';

describe('unparsable bytes', () => {
  it.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a TLS client on the plain port', Buffer.from('16030100010000', 'hex').toString('latin1')],
    ['an unknown method with a second target', 'FROB /a /b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['an unknown method in another version', 'FROB / HTTP/3.0\r\nHost: a\r\n\r\n'],
    ['an unknown method of another protocol', 'FROB / RTSP/1.0\r\nHost: a\r\n\r\n'],
    ['an unknown method without a line end', 'FROB / HTTP/1.1'],
    ['a known method of another protocol', 'GET / FTP/1.1\r\nHost: a\r\n\r\n'],
    ['HTTP/2 prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a space before a colon', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['a control character in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n'],
    ['a bad Content-Length', 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n'],
  ])('are 400: %s', async (_what, bytes) => {
    expectRefusal(await exchangeRaw(gate.port, bytes), 400, 214);
  });

  it.each([
    ['LIST / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['VERSION-CONTROL /a?b=c HTTP/1.1\nHost: a\n\n'],
    ['get / HTTP/1.0\r\n\r\n'],
    // A method of RTSP, which the parser knows.
    ['DESCRIBE / HTTP/1.1\r\nHost: a\r\n\r\n'],
    [`FROB /${'a'.repeat(5000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['\r\nFROB / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('with a method that Node does not know are 501: %j', async (bytes) => {
    const before = gate.records.length;
    const text = await exchangeRaw(gate.port, bytes);
    expectRefusal(text, 501, 501);
    expect(gate.records.slice(before).map(({ status, reason }) => [status, reason])).toEqual([
      [501, 'unknown_method'],
    ]);
  });

  it('with such a method are 501 after a request, with or without a body', async () => {
    const frob = 'FROB / HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const first of ['GET /x HTTP/1.1\r\nHost: a\r\n\r\n', UPLOAD]) {
      expect(responses(await exchangeRaw(gate.port, first + frob)).map(({ status }) => status)).toEqual([
        200, 501,
      ]);
    }
  });

  it.each([
    [400, 'HEAD / HTTP/1.1\r\nHost : a\r\n\r\n'],
    [400, 'HEAD / HTTP/3.0\r\nHost: a\r\n\r\n'],
    [400, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nA: b\r\nHost : a\r\n\r\n'],
    [400, 'HEAD /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    [431, `HEAD / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`],
    [431, `HEAD / HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`],
  ])('are %i without a body if they are a HEAD request: %j', async (status, bytes) => {
    const last = responses(await exchangeRaw(gate.port, bytes)).at(-1);
    expect([last?.status, last?.body]).toEqual([status, '']);
    expect(last?.head).toMatch(/\r\nContent-Length: [1-9]/);
  });

  it('have a body in their response if a HEAD request came before them', async () => {
    const text = await exchangeRaw(gate.port, 'HEAD /x HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/3.0\r\n\r\n');
    expect(responses(text).at(-1)?.body).toContain('214');
  });

  it('with a head over 16 KiB are 431', async () => {
    const bytes = `GET /x HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`;
    expectRefusal(await exchangeRaw(gate.port, bytes), 431, 431);
  });

  it('that stop in the middle of the head are 408 soon after header_timeout', async () => {
    const begun = performance.now();
    expectRefusal(await exchangeRaw(gate.port, 'GET /x HTTP/1.1\r\nHost: a\r\n'), 408, 408);
    expect(performance.now() - begun).toBeGreaterThan(350);
    expect(performance.now() - begun).toBeLessThan(3000);
  });

  it('include CONNECT, which is never tunnelled: 405 with an empty Allow', async () => {
    const text = await exchangeRaw(gate.port, 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n');
    expectRefusal(text, 405, 405);
    expect(text).toMatch(/\r\nAllow: *\r\n/);
  });

  it('leave no request, record or connection behind', async () => {
    expect((await fetch(`${gate.url}/x`)).status).toBe(200);
  });
});

describe('the record of unparsable bytes', () => {
  const CANARY = 'canary-in-the-raw-packet';

  it.each([
    [400, 'malformed_request', undefined, `${CANARY}\r\n\r\n`],
    [408, 'request_timeout', undefined, `GET /${CANARY} HTTP/1.1\r\nHost: a\r\n`],
    [431, 'headers_too_large', undefined, `GET /x HTTP/1.1\r\nX: ${CANARY}${'a'.repeat(17_000)}\r\n\r\n`],
    [405, 'method_not_allowed', 'CONNECT', `CONNECT ${CANARY}:80 HTTP/1.1\r\nHost: ${CANARY}:80\r\n\r\n`],
  ])(
    'of a %i has the reason and the id, once, and nothing of the bytes',
    async (status, reason, method, bytes) => {
      const before = gate.records.length;
      const id = /x-request-id: (\S+)/i.exec(await exchangeRaw(gate.port, bytes))?.[1];
      const records = gate.records.slice(before);
      expect(records).toEqual([
        expect.objectContaining({
          status,
          reason,
          route: undefined,
          principal: undefined,
          target: undefined,
        }),
      ]);
      expect(records[0]?.head).toEqual({ id, clientRequestId: undefined, clientIp: '127.0.0.1', method });
      expect(JSON.stringify(records)).not.toContain(CANARY);
    },
  );

  it('of a broken body is the one of its request, under the id that the caller got', async () => {
    const before = gate.records.length;
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    const text = await exchangeRaw(gate.port, `${head}3\r\nabc\r\nzz\r\n`);
    await until(() => gate.records.length > before);
    const { head: told, status, reason, route } = gate.records[before]!;
    expect([status, reason, route?.match]).toEqual([400, 'client_body_broken', '* /{name}']);
    expect(text).toContain(`X-Request-Id: ${told.id}\r\n`);
    expect(gate.records).toHaveLength(before + 1);
  });

  it('is written once, however much comes after them', async () => {
    const before = gate.records.length;
    const client = openRaw(gate.port, 'GET /late HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
    for (let count = 0; count < 20; count++) client.send('more nonsense\r\n\r\n');
    await client.ended;
    expect(responses(client.text()).map(({ status }) => status)).toEqual([200, 400]);
    expect(
      gate.records
        .slice(before)
        .map(({ status }) => status)
        .sort(),
    ).toEqual([200, 400]);
  });

  it('is missing if the caller has left without a response', async () => {
    const before = gate.records.length;
    const client = openRaw(gate.port, 'GET /x HT');
    await sleep(20);
    client.socket.resetAndDestroy();
    await exchangeRaw(gate.port, 'nonsense\r\n\r\n');
    expect(gate.records.slice(before).map(({ status }) => status)).toEqual([400]);
  });
});

describe('unparsable bytes after a valid request', () => {
  it('get their response after the one that is being sent, and not in the middle of it', async () => {
    const text = await exchangeRaw(gate.port, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
    const [first, second, ...more] = responses(text);
    expect(first?.status).toBe(200);
    expect(first?.body).toMatch(/^5\r\nslow \r\n6\r\nanswer\r\n0\r\n\r\n$/);
    expect([second?.status, more]).toEqual([400, []]);
  });

  it('wait for a response that has not begun', async () => {
    const text = await exchangeRaw(gate.port, 'GET /late HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
    expect(responses(text).map(({ status }) => status)).toEqual([200, 400]);
    expect(text).toContain('late answer');
  });

  it('wait for all responses of a pipeline', async () => {
    const one = 'GET /late HTTP/1.1\r\nHost: a\r\n\r\n';
    const text = await exchangeRaw(gate.port, `${one}${one}nonsense\r\n\r\n`);
    expect(responses(text).map(({ status }) => status)).toEqual([200, 200, 400]);
  });

  it('in the body of the request itself are one 400, and the upstream is freed', async () => {
    const head = 'POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    const before = gate.records.length;
    expectRefusal(await exchangeRaw(gate.port, `${head}3\r\nabc\r\nzz\r\n`), 400, 214);
    while (gate.records.length === before) await sleep(5);
    expect(gate.records.at(-1)?.status).not.toBe(200);
  });

  it('in the body of a request whose response has begun end the connection, without mixing responses', async () => {
    const head = 'POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    const client = openRaw(gate.port, `${head}3\r\nabc\r\n`);
    await client.until('slow ');
    client.send('zz\r\n');
    await client.ended;
    expect(responses(client.text())).toHaveLength(1);
    expect(client.text()).not.toContain('214');
    expect(client.text()).not.toMatch(/0\r\n\r\n$/);
  });

  it('without keep-alive are ignored', async () => {
    const text = await exchangeRaw(
      gate.port,
      'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nnonsense\r\n\r\n',
    );
    expect(responses(text)[0]?.status).toBe(200);
  });
});

describe('the admin port', () => {
  it('responds to unparsable bytes in the same way', async () => {
    const port = Number(new URL(gate.adminUrl).port);
    expectRefusal(await exchangeRaw(port, 'hello\r\n\r\n'), 400, 214);
  });
});

describe('unparsable bytes of the size of a packet take linear time', () => {
  const SIZE = 64 * 1024;
  const failing = (text: string, code: string) => {
    const rawPacket = Buffer.from(`${text}\0 / HTTP/1.1\r\n`);
    return Object.assign(new Error(code), { code, rawPacket, bytesParsed: text.length });
  };

  it.each([
    ['empty lines', '\n'.repeat(SIZE)],
    ['empty lines of two bytes', '\r\n'.repeat(SIZE / 2)],
    ['empty lines of both kinds', '\n\r\n'.repeat(SIZE / 3)],
    ['heads of HEAD requests', '\n\nHEAD /'.repeat(SIZE / 8)],
    ['a token that is none at its end', `${'a'.repeat(SIZE)} `],
    ['a token', 'a'.repeat(SIZE)],
  ])('%s', (_, text) => {
    const since = performance.now();
    for (let round = 0; round < 10; round++) {
      isOfHead(failing(text, 'HPE_INVALID_METHOD'));
      hasUnknownMethod(failing(text, 'HPE_INVALID_METHOD'));
    }
    expect(performance.now() - since).toBeLessThan(200);
  });
});
