import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWire, type Wire } from './wire.js';

const HOST = 'Host: api.example';
const UPGRADE = ['Connection: keep-alive, Upgrade', 'Upgrade: WebSocket'];

let wire: Wire;
beforeAll(async () => {
  wire = await openWire([]);
});
afterAll(() => wire.close());

describe('A head', () => {
  it('is what was sent', async () => {
    const head = await wire.read([
      'POST /a/b?c=d HTTP/1.1',
      'hOsT: api.example:8080',
      'AUTHORIZATION: Bearer abc',
      'Origin: https://app.example',
      'Content-Length: 42',
      'X-Other: 1',
    ]);
    expect({ ...head, socket: undefined }).toEqual({
      socket: undefined,
      id: 'new-id',
      clientRequestId: undefined,
      method: 'POST',
      target: '/a/b?c=d',
      host: 'api.example:8080',
      rawHeaders: [
        ...['hOsT', 'api.example:8080', 'AUTHORIZATION', 'Bearer abc', 'Origin', 'https://app.example'],
        ...['Content-Length', '42', 'X-Other', '1'],
      ],
      authorization: 'Bearer abc',
      origin: 'https://app.example',
      preflightMethod: undefined,
      body: 'sized',
      contentLength: 42,
      expectsContinue: false,
      websocket: false,
      clientIp: '127.0.0.1',
      forwardedFor: '127.0.0.1',
      forwardedProto: 'http',
      forwardedHost: 'api.example:8080',
      forwarded: undefined,
      viaTrustedProxy: false,
      headError: undefined,
    });
  });

  it.each([
    [['GET / HTTP/1.1', HOST], 'none', 0],
    [['POST / HTTP/1.1', HOST, 'Content-Length: 0'], 'sized', 0],
    [['POST / HTTP/1.1', HOST, 'Content-Length: 7'], 'sized', 7],
    [['POST / HTTP/1.1', HOST, 'Transfer-Encoding: Chunked'], 'chunked', 0],
  ])('of %j has a body that is %s, of %d bytes', async (lines, body, contentLength) => {
    expect(await wire.read(lines)).toMatchObject({ body, contentLength, headError: undefined });
  });

  it('of a preflight has the requested method', async () => {
    const asking = ['Origin: https://app.example', 'Access-Control-Request-Method: PUT'];
    expect((await wire.read(['OPTIONS / HTTP/1.1', HOST, ...asking])).preflightMethod).toBe('PUT');
    expect((await wire.read(['GET / HTTP/1.1', HOST, ...asking])).preflightMethod).toBeUndefined();
    expect((await wire.read(['OPTIONS / HTTP/1.1', HOST, asking[1]!])).preflightMethod).toBeUndefined();
    expect((await wire.read(['OPTIONS / HTTP/1.1', HOST, asking[0]!])).preflightMethod).toBeUndefined();
  });
});

describe('An Expect field', () => {
  it.each([
    [['PUT / HTTP/1.1', HOST, 'Content-Length: 1', 'Expect: 100-Continue'], true],
    [['PUT / HTTP/1.1', HOST, 'Content-Length: 1', 'Expect: other'], false],
    [['PUT / HTTP/1.1', HOST, 'Content-Length: 0', 'Expect: 100-continue'], false],
    [['GET / HTTP/1.1', HOST, 'Expect: 100-continue'], false],
    [['PUT / HTTP/1.0', HOST, 'Content-Length: 1', 'Expect: 100-continue'], false],
  ])('in %j waits for 100 Continue: %s', async (lines, expectsContinue) => {
    expect(await wire.read(lines)).toMatchObject({ expectsContinue, headError: undefined });
  });
});

describe('A WebSocket handshake', () => {
  it.each([
    [['GET / HTTP/1.1', HOST, ...UPGRADE], true],
    [['GET / HTTP/1.1', HOST, 'Connection: close', ...UPGRADE], true],
    [['GET / HTTP/1.1', HOST, 'Content-Length: 0', ...UPGRADE], true],
    [['POST / HTTP/1.1', HOST, ...UPGRADE], false],
    [['GET / HTTP/1.0', HOST, ...UPGRADE], false],
    [['GET / HTTP/1.1', HOST, 'Content-Length: 5', ...UPGRADE], false],
    [['GET / HTTP/1.1', HOST, 'Transfer-Encoding: chunked', ...UPGRADE], false],
    [['GET / HTTP/1.1', HOST, 'Upgrade: websocket'], false],
    [['GET / HTTP/1.1', HOST, 'Upgrade: websocket', 'Connection: keep-alive'], false],
    [['GET / HTTP/1.1', HOST, 'Upgrade: h2c', 'Connection: upgrade'], false],
    [['GET / HTTP/1.1', HOST, 'Upgrade: websocket, h2c', 'Connection: upgrade'], false],
    [['GET / HTTP/1.1', HOST, ...UPGRADE, 'Upgrade: websocket'], false],
    [['GET / HTTP/1.1', HOST, 'Connection: upgrade'], false],
  ])('%j is one: %s', async (lines, websocket) => {
    expect(await wire.read(lines)).toMatchObject({ websocket, headError: undefined });
  });
});

describe('An id sent by an untrusted client', () => {
  it.each([
    ['abc-123', 'abc-123'],
    ['a"b', 'a"b'],
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(129), undefined],
    ['a b', undefined],
    ['caf\xe9', undefined],
    ['', undefined],
  ])('is not used, only logged if it is short and visible: %j', async (sent, clientRequestId) => {
    expect(await wire.read(['GET / HTTP/1.1', HOST, `X-Request-Id: ${sent}`])).toMatchObject({
      id: 'new-id',
      clientRequestId,
    });
  });
});
