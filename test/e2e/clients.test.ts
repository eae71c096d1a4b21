/**
 * What HTTP allows clients to do, and what they do anyway: each case ends with a defined result and frees its
 * resources.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';
import { openRaw } from '../support/raw.js';
import { until } from '../support/until.js';
import { CHUNKED, SMUGGLED, get, request } from '../support/wire-fixture.js';

const SLOW_MS = 2000;
const STREAM = ['one ', 'two ', 'three ', 'four ', 'five'];
const STEP_MS = 15;

let fixture: Fixture;

beforeAll(async () => {
  fixture = await startFixture(
    {
      issuers: { main: { issuer: 'https://issuer.test', jwks: 'https://127.0.0.1:1/', audience: 'gate' } },
      routes: [
        { match: '* /open/{path*}', upstream: 'behind', public: true },
        { match: 'GET /once', upstream: 'behind', public: true, limit: '1 per 1h' },
        { match: '* /scoped', upstream: 'behind', scope: 'admin' },
      ],
    },
    ({ head, socket }) => {
      const say = (text: string): void => {
        if (!socket.destroyed) socket.write(text);
      };
      if (head.includes(' /open/slow ')) {
        setTimeout(() => say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), SLOW_MS);
      } else if (head.includes(' /open/stream ')) {
        say(`HTTP/1.1 200 OK\r\nContent-Length: ${STREAM.join('').length}\r\n\r\n`);
        STREAM.forEach((part, index) => setTimeout(() => say(part), STEP_MS * index));
      } else {
        say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
    },
  );
});
afterAll(() => fixture.close());
/** Sends the bytes and ends its side; collects what arrives until the gateway closes the connection. */
async function respondAndEnd(bytes: string): Promise<string> {
  const client = openRaw(fixture.gate.port);
  client.socket.end(bytes, 'latin1');
  await client.ended;
  return client.text();
}

/** On a busy machine a late response looks like a missing one. */
const STALLS = { retry: 2 };

describe('A client that ends its side', STALLS, () => {
  it('after its request still gets the response', async () => {
    expect(await respondAndEnd(get('/open/a'))).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
    const post = request('POST /open/a', ['Content-Length: 3'], 'abc');
    expect(await respondAndEnd(post)).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
  });

  it('gets all responses of its pipeline, including refusals', async () => {
    const text = await respondAndEnd(get('/open/a') + get('/nowhere') + get('/open/b'));
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual([
      '200',
      '404',
      '200',
    ]);
  });

  it('gets a slow response to its end', async () => {
    expect(await respondAndEnd(get('/open/stream'))).toMatch(/one two three four five$/);
  });

  it('while its response does not come is treated as disconnected', async () => {
    const records = fixture.gate.records.length;
    const client = openRaw(fixture.gate.port, get('/open/slow'));
    await until(() => fixture.upstream.requests.at(-1)?.head.includes('/open/slow') === true);
    client.socket.end();
    expect(await until(() => fixture.gate.records.length > records)).toBeLessThan(SLOW_MS / 2);
    expect(fixture.gate.records.at(-1)).toMatchObject({ status: 499, reason: 'client_gone' });
  });

  it.each([
    ['its head', 'GET /open/a HTTP/1.1\r\nHost: gate.test\r\n'],
    ['a body of a stated length', request('POST /open/a', ['Content-Length: 10'], 'abc')],
    ['a chunk', request('POST /open/a', [CHUNKED], '5\r\nabc')],
    ['a body, before its last chunk', request('POST /open/a', [CHUNKED], '3\r\nabc\r\n')],
  ])(
    'in the middle of %s gets a 400, and its request is never complete at the upstream',
    async (_, bytes) => {
      const before = fixture.upstream.requests.length;
      const records = fixture.gate.records.length;
      expect(await respondAndEnd(bytes)).toMatch(/^HTTP\/1\.1 400 /);
      await until(() => fixture.gate.records.length > records);
      await fixture.settle();
      expect(fixture.gate.records.slice(records).map(({ status }) => status)).toEqual([400]);
      for (const { body } of fixture.upstream.requests.slice(before))
        expect(body()).toMatch(/^(3\r\n|5\r\n)?abc(\r\n)?$|^$/);
    },
  );
});

describe('Aborted uploads', () => {
  it.each([
    ['by an end', (client: ReturnType<typeof openRaw>) => client.destroy()],
    ['by a reset', (client: ReturnType<typeof openRaw>) => client.socket.resetAndDestroy()],
  ])('%s leave no connection to the upstream, and one record each', async (_, abort) => {
    const records = fixture.gate.records.length;
    const before = fixture.upstream.requests.length;
    const idle = fixture.upstream.open.size;
    const clients = Array.from({ length: 50 }, () =>
      openRaw(fixture.gate.port, request('PUT /open/up', ['Content-Length: 1000000'], 'x'.repeat(100_000))),
    );
    await until(() => fixture.upstream.requests.length === before + 50);
    clients.forEach(abort);
    await until(() => fixture.upstream.open.size <= idle);
    await until(() => fixture.gate.records.length >= records + 50);
    await fixture.settle();
    expect(fixture.gate.records).toHaveLength(records + 50);
  });
});

describe('A connection', () => {
  it('stays open after a refusal of a complete request', async () => {
    await fixture.talk(get('/once'));
    const client = openRaw(fixture.gate.port);
    const asked: [string, number][] = [
      [get('/open//a'), 400],
      [get('/scoped'), 401],
      [get('/nowhere'), 404],
      [request('DELETE /once'), 405],
      [get('/once'), 429],
      [get('/open/a', 'Authorization: Basic x'), 200],
    ];
    for (const [index, [bytes, status]] of asked.entries()) {
      client.send(bytes);
      const text = await client.until(new RegExp(`(HTTP/1\\.1 [^]*?\\r\\n\\r\\n[^]*){${index + 1}}$`));
      await client.until(/(\]\}|ok)$/);
      expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].at(-1)?.[1]).toBe(String(status));
    }
    expect(client.text()).not.toMatch(/connection: close/i);
    client.destroy();
  });

  it('closes after a refusal whose request body is unread; nothing after it is processed', async () => {
    const records = fixture.gate.records.length;
    const before = fixture.upstream.requests.length;
    const client = openRaw(fixture.gate.port, request('POST /nowhere', ['Content-Length: 3'], 'a'));
    await client.until(/^HTTP\/1\.1 404 [^]*\]\}$/);
    client.send(`bc${SMUGGLED}${SMUGGLED}`);
    expect(await client.ended).toBe('end');
    await fixture.settle();
    expect(fixture.upstream.requests).toHaveLength(before);
    expect(fixture.gate.records.slice(records).map(({ status }) => status)).toEqual([404]);
  });
});

describe('An expectation', () => {
  it('gets no 100 where the upstream is unavailable, only the refusal', async () => {
    const away = await startFixture({ routes: [{ match: '* /{path*}', upstream: 'behind', public: true }] });
    await away.upstream.close();
    const { text, responses } = await away.talk(
      request('POST /a', ['Content-Length: 3', 'Expect: 100-continue']),
      { untilEnd: true },
    );
    expect([responses[0]?.status, text.includes(' 100 ')]).toEqual([502, false]);
    await away.gate.stop();
  });

  it('other than 100-continue is ignored, as RFC 9110 10.1.1 allows, and is not forwarded', async () => {
    const { responses } = await fixture.talk(get('/open/a', 'Expect: the-unexpected'));
    expect(responses[0]?.status).toBe(200);
    expect(fixture.upstream.requests.at(-1)?.head).not.toMatch(/^expect:/im);
  });
});

describe('A request line with two spaces', () => {
  it('is one request with the path that Node parsed, and is forwarded with one space', async () => {
    const before = fixture.upstream.requests.length;
    const { responses } = await fixture.talk(request('GET  /open/a'));
    expect(responses.map(({ status }) => status)).toEqual([200]);
    expect(fixture.upstream.requests.slice(before).map(({ head }) => /^.*/.exec(head)?.[0])).toEqual([
      'GET /open/a HTTP/1.1',
    ]);
  });
});
