import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReader } from '../../src/read/read.js';
import { requestOf } from './request-of.js';
import { openWire, type Wire } from './wire.js';

const read = createReader({ trustProxy: [], newId: () => 'id' });

let wire: Wire;
beforeAll(async () => {
  wire = await openWire([]);
});
afterAll(() => wire.close());

describe('A Host field', () => {
  it.each([
    'api.example',
    'API.example:8080',
    'localhost',
    'my_service:80',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]',
    '[2001:db8::1]:65535',
    '[::ffff:1.2.3.4]',
    "a!$&'()*+;=~b",
  ])('may be %s', async (host) => {
    expect(await wire.read(['GET / HTTP/1.1', `Host: ${host}`])).toMatchObject({
      host,
      headError: undefined,
    });
  });

  it.each([
    '',
    ':80',
    'a:',
    'a:0',
    'a:080',
    'a:65536',
    'a:99999',
    'a:100000',
    'a:b',
    'a:80:80',
    'a b',
    'a,b',
    'a/b',
    'a@b',
    'a?b',
    'a#b',
    'a\\b',
    'a%2fb',
    '[]',
    '[::1',
    '::1',
    '[::1]x',
    '[1.2.3.4]',
    '[fe80::1%eth0]',
    '[:::1]',
    '[v1.a]',
    'caf\xe9',
  ])('is refused if it is %j', async (host) => {
    const { headError } = await wire.read(['GET / HTTP/1.1', `Host: ${host}`]);
    expect(headError).toMatchObject({
      status: 400,
      detail: 'the Host field is not a host with an optional port',
    });
    expect(headError?.body).toContain('"code":214');
  });

  it.each(['1.0', '1.1'])('must not be missing, even in HTTP/%s', async (version) => {
    const head = await wire.read([`GET / HTTP/${version}`]);
    expect(head).toMatchObject({ host: '', headError: { status: 400, detail: 'there is no Host field' } });
  });

  it('must occur once, even if both are equal', async () => {
    const { headError } = await wire.read(['GET / HTTP/1.1', 'Host: a', 'host: a']);
    expect(headError).toMatchObject({ status: 400, detail: 'there are two Host fields' });
  });
});

describe('Two Authorization fields', () => {
  it('are refused with 400, code 214 and an invalid_request challenge', async () => {
    const { headError } = await wire.read([
      'GET / HTTP/1.1',
      'Host: a',
      'Authorization: Bearer a',
      'authorization: Bearer a',
    ]);
    expect(headError).toMatchObject({ status: 400, reason: 'malformed_credentials' });
    expect(headError?.body).toContain('"code":214');
    expect(headError?.headers[0]).toBe('WWW-Authenticate');
    expect(headError?.headers[1]).toMatch(
      /^Bearer realm="tollgate", error="invalid_request", error_description="[^"\\]+"$/,
    );
  });

  it('are two even if one is empty', async () => {
    const { headError } = await wire.read([
      'GET / HTTP/1.1',
      'Host: a',
      'Authorization:',
      'Authorization: Bearer a',
    ]);
    expect(headError?.reason).toBe('malformed_credentials');
  });
});

// Node's strict parser refuses most of these by itself; the gateway does not rely on that.
describe('The framing of a request', () => {
  it.each([
    [['Content-Length', '5', 'Content-Length', '5'], 'there are two Content-Length fields'],
    [['Content-Length', '5', 'content-length', '6'], 'there are two Content-Length fields'],
    [
      ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
      'there are two Transfer-Encoding fields',
    ],
    [
      ['Content-Length', '5', 'Transfer-Encoding', 'chunked'],
      'both Content-Length and Transfer-Encoding are present',
    ],
    [
      ['Transfer-Encoding', 'chunked', 'Content-Length', ''],
      'both Content-Length and Transfer-Encoding are present',
    ],
    [['Transfer-Encoding', ''], 'the transfer coding is not chunked'],
    [['Transfer-Encoding', 'gzip'], 'the transfer coding is not chunked'],
    [['Transfer-Encoding', 'identity'], 'the transfer coding is not chunked'],
    [['Transfer-Encoding', 'gzip, chunked'], 'the transfer coding is not chunked'],
    [['Transfer-Encoding', 'chunked, chunked'], 'the transfer coding is not chunked'],
    [['Transfer-Encoding', '\x0bchunked'], 'the transfer coding is not chunked'],
    [['Content-Length', ''], 'the Content-Length field is not a length'],
    [['Content-Length', '-1'], 'the Content-Length field is not a length'],
    [['Content-Length', '+1'], 'the Content-Length field is not a length'],
    [['Content-Length', '0x1'], 'the Content-Length field is not a length'],
    [['Content-Length', '1, 1'], 'the Content-Length field is not a length'],
    [['Content-Length', '9'.repeat(16)], 'the Content-Length field is not a length'],
  ])('is refused if it is %j: %s', (fields, detail) => {
    expect(read(requestOf(fields, { method: 'POST' })).headError).toMatchObject({ status: 400, detail });
  });

  it('may be chunked in HTTP/1.1, never in HTTP/1.0', () => {
    const fields = ['Transfer-Encoding', 'CHUNKED'];
    expect(read(requestOf(fields)).headError).toBeUndefined();
    expect(read(requestOf(fields, { version: '1.0' })).headError).toMatchObject({ status: 400 });
  });
});

describe('The size of a head', () => {
  it('is at most 100 fields, else the response is 431', async () => {
    const lines = (count: number): string[] => [
      'GET / HTTP/1.1',
      'Host: a',
      ...Array.from({ length: count - 1 }, (_, at) => `X-${at}: 1`),
    ];
    expect((await wire.read(lines(100))).headError).toBeUndefined();
    expect((await wire.read(lines(101))).headError).toMatchObject({
      status: 431,
      reason: 'headers_too_large',
    });
  });

  it('has a target of at most 8 KiB, else the response is 414', async () => {
    const lines = (length: number): string[] => [`GET /${'a'.repeat(length - 1)} HTTP/1.1`, 'Host: a'];
    expect((await wire.read(lines(8192))).headError).toBeUndefined();
    expect((await wire.read(lines(8193))).headError).toMatchObject({
      status: 414,
      reason: 'target_too_long',
    });
  });
});

it('The first of several errors is reported, and the head is parsed anyway', () => {
  const head = read(requestOf(['Host', 'a', 'Host', 'b', 'Authorization', 'x', 'Authorization', 'y']));
  expect(head).toMatchObject({
    id: 'id',
    host: 'a',
    authorization: 'x',
    headError: { detail: 'there are two Host fields' },
  });
});
