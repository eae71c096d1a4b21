/** Request smuggling: for any bytes, the upstream never sees more requests than the gateway admitted. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CHUNKED,
  SMUGGLED,
  get,
  request,
  startWireFixture,
  type WireFixture,
} from '../support/wire-fixture.js';

let fixture: WireFixture;
const seen: WireFixture['seen'] = (bytes, responses) => fixture.seen(bytes, responses);

beforeAll(async () => {
  fixture = await startWireFixture();
});
afterAll(() => fixture.close());

/** Invariants of every case below. */
afterEach(async () => {
  await fixture.settle();
  expect(fixture.upstream.requests.length).toBeLessThanOrEqual(fixture.admitted());
  expect((await fixture.talk(get('/alive'))).responses[0]?.body).toBe('/alive');
});

describe('A request with ambiguous framing', () => {
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
    const { responses, paths, end } = await seen(bytes + SMUGGLED, 2);
    expect(responses.map(({ status, code }) => [status, code])).toEqual([[400, 214]]);
    expect(responses[0]?.field('connection')).toBe('close');
    expect(end).toBe('end');
    expect(paths).toEqual([]);
  });

  it.each([
    ['a coding before chunked', request('POST /a', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')],
    ['an empty coding', request('POST /a', ['Transfer-Encoding:'])],
  ])('is refused by the gateway, and nothing more is sent on its connection: %s', async (_, bytes) => {
    const { responses, end, paths } = await seen(bytes + SMUGGLED, 2);
    expect(responses.map(({ status, code }) => [status, code])).toEqual([[400, 214]]);
    expect(responses[0]?.field('connection')).toBe('close');
    expect(end).toBe('end');
    expect(paths).toEqual([]);
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
    // The part that was forwarded never becomes a complete request.
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
  it('keeps its end in chunked DELETE, GET and OPTIONS over keep-alive connections', async () => {
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

  it('is forwarded without its chunk extensions and trailers', async () => {
    const body = '3;a="\\"b"\r\nabc\r\n0;last\r\nX-App-Id: boss\r\n\r\n';
    const { paths, requests } = await seen(
      request('POST /a', [CHUNKED, 'Trailer: X-App-Id', 'TE: trailers'], body),
    );
    expect(paths).toEqual(['/a']);
    expect(requests[0]?.body()).toBe('3\r\nabc\r\n0\r\n\r\n');
    expect(requests[0]?.head).not.toMatch(/^(trailer|te|x-app-id):/im);
  });

  it('takes no length from a field with a similar name', async () => {
    const { paths, requests } = await seen(request('POST /a', ['Content_Length: 44']) + SMUGGLED, 2);
    expect([...paths].sort()).toEqual(['/a', '/smuggled']);
    for (const { head } of requests) expect(head).not.toMatch(/content.length: 44/i);
  });
});
