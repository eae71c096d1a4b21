import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDate } from '../../src/tokens/request/date.js';
import { parseForm } from '../../src/tokens/request/form.js';
import { parseJson } from '../../src/tokens/request/json.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { read, startTokenService, type TestService } from './support.js';

const JSON_DEPTH = { maxDepth: 3 };

describe('a form', () => {
  it('is read back as it was written, and as URLSearchParams reads it', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (pairs) => {
        const written = new URLSearchParams(pairs).toString();
        expect(parseForm(written)).toEqual([...new URLSearchParams(written)]);
      }),
    );
  });

  it('of any bytes is read or refused, and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseForm(text)));
  });
});

describe('a JSON object', () => {
  it('returns every name of its own, once if it occurs once', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(JSON_DEPTH)), (object) => {
        const text = JSON.stringify(object);
        const read = JSON.parse(text) as Record<string, unknown>;
        expect(
          parseJson(text)
            ?.map(([name]) => name)
            .sort(),
        ).toEqual(Object.keys(read).sort());
      }),
    );
  });

  it('returns a repeated name twice, in any spelling', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(JSON_DEPTH), fc.jsonValue(JSON_DEPTH), (name, first, second) => {
        const escaped = name.replaceAll(
          /./gsu,
          (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
        );
        const text = `{ ${JSON.stringify(name)} : ${JSON.stringify(first)} , "${escaped}":${JSON.stringify(second)}}`;
        expect(parseJson(text)?.map(([found]) => found)).toEqual([name, name]);
      }),
    );
  });
});

describe('a date', () => {
  it('is parsed correctly for every minute of the calendar', () => {
    const range = {
      min: new Date('0000-01-01T00:00Z'),
      max: new Date('9999-12-31T23:59Z'),
      noInvalidDate: true,
    };
    fc.assert(
      fc.property(fc.date(range), (date) => {
        const text = date.toISOString().slice(0, 16);
        expect(parseDate(text)).toBe(Math.floor(date.getTime() / 60_000) * 60);
      }),
    );
  });
});

describe('a request to the token service', () => {
  let service: TestService;
  let port: number;
  beforeAll(async () => {
    service = await startTokenService();
    port = Number(new URL(service.url).port);
  });
  afterEach(() => vi.useRealTimers());
  afterAll(() => service.close());

  const head = (length: number | string, extra = '') =>
    `POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n` +
    `${extra}Content-Length: ${length}\r\n\r\n`;

  it('is refused if its stated length is too large, before any of it comes', async () => {
    const text = await exchangeRaw(port, head(20_000));
    expect(text).toMatch(/^HTTP\/1\.1 413 .*"error":"invalid_request"/s);
    expect(text).toContain('Connection: close');
  });

  it('is refused once too much has come, without a stated length', async () => {
    const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
    const start = head(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked');
    expect(await exchangeRaw(port, start + chunk.repeat(40))).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('gets its 413 though it goes on sending', async () => {
    const client = openRaw(port, head(50_000_000));
    client.send('x'.repeat(5_000_000));
    expect(await client.until('413')).toContain('invalid_request');
    client.destroy();
  });

  it('gets its 100 Continue if it expects one, and only then', async () => {
    const { key, secret } = await service.createApp();
    const body = `key=${key}&secret=${secret}`;
    const client = openRaw(port, head(body.length, 'Expect: 100-continue\r\nConnection: close\r\n'));
    await client.until('HTTP/1.1 100 Continue');
    client.send(body);
    await client.until('access_token');
    const refused = await exchangeRaw(port, head(20_000, 'Expect: 100-continue\r\n'));
    expect(refused).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is refused with 408 if its body does not come in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const client = openRaw(port, `${head(100)}key=`);
    // Another timer may fire first, so time advances until the timer of the request has expired.
    const isRefused = () => client.text().includes('408');
    for (let turn = 0; turn < 500 && !isRefused(); turn++) {
      vi.advanceTimersByTime(10_000);
      await sleep(5);
    }
    expect(await client.until('408')).toMatch(/"error":"invalid_request"/);
    client.destroy();
  });

  it('leaves nothing behind if the caller disconnects in the middle of its body', async () => {
    const before = service.outcomes.length;
    const client = openRaw(port, `${head(100)}key=`);
    await sleep(50);
    client.destroy();
    await vi.waitFor(() => expect(service.outcomes).toHaveLength(before + 1));
    expect(service.outcomes.at(-1)).toEqual({
      status: 400,
      endpoint: 'key_secret',
      reason: 'invalid_request',
    });
  });

  it.each([
    ['no type', {}],
    ['another type', { 'content-type': 'text/plain' }],
    ['an encoding', { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': 'gzip' }],
  ])('is refused with 415 for a body of %s', async (_, headers) => {
    const body = Buffer.from('key=a&secret=b');
    expect(await read(service.fetch('/auth/token', { method: 'POST', body, headers }))).toMatchObject([
      415,
      { error: 'invalid_request' },
    ]);
  });

  it('is accepted in any case and with parameters of its type', async () => {
    const { key, secret } = await service.createApp();
    const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
    const body = JSON.stringify({ key, secret });
    expect((await service.fetch('/auth/token', { method: 'POST', body, headers })).status).toBe(200);
  });

  it('is refused if its body is no text', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = Buffer.from('key=\xff&secret=b', 'latin1');
    expect((await service.fetch('/auth/token', { method: 'POST', body, headers })).status).toBe(400);
  });

  it('leaves the connection open after an ordinary refusal', async () => {
    const body = 'key=a&secret=b';
    const client = openRaw(port, head(body.length) + body);
    await client.until('invalid_client');
    expect(client.text()).not.toContain('Connection: close');
    client.send(head(body.length) + body);
    await client.until(/invalid_client.*invalid_client/s);
    client.destroy();
  });
});
