/**
 * Slow callers and large requests are refused in time with a complete response, and do not affect the
 * upstream.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRaw } from '../support/raw.js';
import { startFixture, type Fixture } from '../support/fixture.js';

let fixture: Fixture;
const HEADER_TIMEOUT_MS = 1000;
const BODY_TIMEOUT_MS = 500;
/** Node's check interval, plus tolerance for a busy machine. */
const LATE_MS = 1500;

beforeAll(async () => {
  fixture = await startFixture({
    client: { header_timeout: `${HEADER_TIMEOUT_MS}ms`, body_timeout: `${BODY_TIMEOUT_MS}ms` },
    issuers: { main: { issuer: 'https://issuer.test', jwks: 'https://127.0.0.1:1/', audience: 'gate' } },
    routes: [
      { match: '* /open/{path*}', upstream: 'behind', public: true, max_body: '1kb' },
      { match: '* /scoped', upstream: 'behind', scope: 'admin' },
    ],
  });
});
afterAll(() => fixture.close());

const HOST = 'Host: gate.test\r\n';

async function refusal(bytes: string) {
  const before = fixture.upstream.requests.length;
  const started = performance.now();
  const { responses } = await fixture.talk(bytes);
  const ms = performance.now() - started;
  const [response] = responses;
  return {
    status: response?.status,
    code: response?.code,
    closes: response?.field('connection') === 'close',
    ms,
    asked: fixture.upstream.requests.length - before,
  };
}

describe.concurrent('A slow head', () => {
  it.each([
    ['one byte', 'G'],
    ['a request line', 'GET /open/a HTTP/1.1\r\n'],
    ['half a field', `GET /open/a HTTP/1.1\r\n${HOST}X-Slow: `],
    ['all but the last byte', `GET /open/a HTTP/1.1\r\n${HOST}\r`],
  ])('is 408 after header_timeout: %s', async (_, bytes) => {
    const { status, code, closes, ms, asked } = await refusal(bytes);
    expect({ status, code, closes, asked }).toEqual({ status: 408, code: 408, closes: true, asked: 0 });
    expect(ms).toBeGreaterThan(HEADER_TIMEOUT_MS / 2);
    expect(ms).toBeLessThan(HEADER_TIMEOUT_MS + LATE_MS);
  });

  it('gains no time from a byte now and then', async () => {
    const client = openRaw(fixture.gate.port, `GET /open/a HTTP/1.1\r\n${HOST}X-Slow: `);
    const started = performance.now();
    const drip = setInterval(() => client.send('a'), 100);
    await client.until(/^HTTP\/1\.1 408 /);
    clearInterval(drip);
    client.destroy();
    expect(performance.now() - started).toBeLessThan(HEADER_TIMEOUT_MS + LATE_MS);
  });

  it('is also 408 as the second of its connection', async () => {
    const bytes = `GET /open/a HTTP/1.1\r\n${HOST}\r\nGET /open/b HTTP/1.1\r\n`;
    const { responses } = await fixture.talk(bytes, { responses: 2 });
    expect(responses.map(({ status }) => status)).toEqual([200, 408]);
  });

  it('of a hundred callers does not delay an honest one', async () => {
    const slow = Array.from({ length: 100 }, () => openRaw(fixture.gate.port, 'GET /open/a HTTP/1.1\r\nX'));
    await sleep(50);
    const { status, ms } = await refusal(`GET /nowhere HTTP/1.1\r\n${HOST}\r\n`);
    expect(status).toBe(404);
    expect(ms).toBeLessThan(HEADER_TIMEOUT_MS / 2);
    for (const client of slow) client.destroy();
  });
});

describe.concurrent('A stalled body', () => {
  it.each([
    ['of a stated length', `Content-Length: 10\r\n\r\nab`],
    ['in chunks, within one', `Transfer-Encoding: chunked\r\n\r\n5\r\nab`],
    ['in chunks, before the last', `Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`],
    ['before it began', `Content-Length: 10\r\n\r\n`],
  ])('is 408 after body_timeout: %s', async (_, rest) => {
    const { status, code, closes, ms } = await refusal(`POST /open/a HTTP/1.1\r\n${HOST}${rest}`);
    expect({ status, code, closes }).toEqual({ status: 408, code: 408, closes: true });
    expect(ms).toBeGreaterThan(BODY_TIMEOUT_MS - 50);
    expect(ms).toBeLessThan(BODY_TIMEOUT_MS + LATE_MS);
  });

  it('delays no refusal that needs no body', async () => {
    const { status, ms } = await refusal(`POST /scoped HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nab`);
    expect(status).toBe(401);
    expect(ms).toBeLessThan(BODY_TIMEOUT_MS);
  });

  it('that resumes in time is not refused', async () => {
    const client = openRaw(fixture.gate.port, `POST /open/a HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\n`);
    for (const byte of 'abcde') {
      await sleep(BODY_TIMEOUT_MS / 2);
      client.send(byte);
    }
    expect(await client.until('\r\n\r\nok')).toMatch(/^HTTP\/1\.1 200 /);
    client.destroy();
  });
});

describe('A request that is too large', () => {
  const fields = (count: number) => 'X: a\r\n'.repeat(count);

  it.each([
    ['a header over 16 KiB', 431, `GET /open/a HTTP/1.1\r\n${HOST}X: ${'a'.repeat(16_384)}\r\n\r\n`],
    ['many fields over 16 KiB', 431, `GET /open/a HTTP/1.1\r\n${HOST}${fields(4000)}\r\n`],
    ['101 fields', 431, `GET /open/a HTTP/1.1\r\n${HOST}${fields(100)}\r\n`],
    ['2,000 empty fields', 431, `GET /open/a HTTP/1.1\r\n${HOST}${'X:\r\n'.repeat(2000)}\r\n`],
    ['a header that never ends', 431, `GET /open/a HTTP/1.1\r\n${HOST}X: ${'a'.repeat(100_000)}`],
    ['a target over 8 KiB', 414, `GET /open/${'a'.repeat(8187)} HTTP/1.1\r\n${HOST}\r\n`],
    ['a query over 8 KiB', 414, `GET /open/a?${'a'.repeat(8185)} HTTP/1.1\r\n${HOST}\r\n`],
    [
      'a target over 8 KiB in absolute form',
      414,
      `GET http://gate.test/${'a'.repeat(8192)} HTTP/1.1\r\n${HOST}\r\n`,
    ],
    ['a stated length over max_body', 413, `POST /open/a HTTP/1.1\r\n${HOST}Content-Length: 1025\r\n\r\n`],
    [
      'a stated length of petabytes',
      413,
      `POST /open/a HTTP/1.1\r\n${HOST}Content-Length: 999999999999999\r\n\r\n`,
    ],
  ])('is refused before it is forwarded: %s', async (_, expected, bytes) => {
    const { status, code, asked } = await refusal(bytes);
    expect({ status, code, asked }).toEqual({ status: expected, code: expected, asked: 0 });
  });

  it.each([
    ['one chunk over max_body', `401\r\n${'a'.repeat(1025)}\r\n0\r\n\r\n`],
    ['chunks that come to more', `${`80\r\n${'a'.repeat(128)}\r\n`.repeat(9)}0\r\n\r\n`],
    ['a chunk that says it is huge', `ffffffffff\r\n${'a'.repeat(2000)}`],
  ])('is cut off in chunks, and never complete at the upstream: %s', async (_, body) => {
    const before = fixture.upstream.requests.length;
    const { status, code } = await refusal(
      `POST /open/a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${body}`,
    );
    expect([status, code]).toEqual([413, 413]);
    await fixture.settle();
    for (const { body: sent } of fixture.upstream.requests.slice(before))
      expect(sent()).not.toMatch(/(^|\r\n)0\r\n\r\n$/);
  });

  it.each([
    ['a chunk extension', 413, `3;${'a'.repeat(17_000)}\r\nabc\r\n0\r\n\r\n`],
    ['trailers', 431, `3\r\nabc\r\n0\r\nX: ${'a'.repeat(17_000)}\r\n\r\n`],
  ])('is refused for %s over 16 KiB', async (_, expected, body) => {
    const bytes = `POST /open/a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${body}`;
    const { status, closes } = await refusal(bytes);
    expect([status, closes]).toEqual([expected, true]);
  });

  it('is larger than a limit, not equal to it', async () => {
    // The part up to the limit may still be on its way to the upstream.
    await fixture.settle();
    const full = `GET /open/${'a'.repeat(8186)} HTTP/1.1\r\n${HOST}${fields(99)}\r\n`;
    expect(await refusal(full)).toMatchObject({ status: 200, asked: 1 });
    const body = `POST /open/a HTTP/1.1\r\n${HOST}Content-Length: 1024\r\n\r\n${'a'.repeat(1024)}`;
    expect(await refusal(body)).toMatchObject({ status: 200, asked: 1 });
  });
});
