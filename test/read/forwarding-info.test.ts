import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { RequestHead } from '../../src/model/request.js';
import { createReader } from '../../src/read/read.js';
import { requestOf, type RequestOptions } from './request-of.js';
import { openWire } from './wire.js';

function readFrom(trustProxy: string[], fields: string[], options: RequestOptions = {}): RequestHead {
  return createReader({ trustProxy, newId: () => 'new-id' })(requestOf(fields, options));
}

const CLAIMS = [
  ...['X-Forwarded-For', '9.9.9.9', 'X-Real-IP', '8.8.8.8', 'X-Forwarded-Proto', 'https'],
  ...['X-Forwarded-Host', 'evil.example', 'X-Request-Id', 'theirs'],
];

describe('An untrusted peer', () => {
  it('is the client, whatever it sends', () => {
    expect(readFrom(['10.0.0.0/8'], CLAIMS, { peer: '11.0.0.1' })).toMatchObject({
      id: 'new-id',
      clientRequestId: 'theirs',
      clientIp: '11.0.0.1',
      forwardedFor: '11.0.0.1',
      forwardedProto: 'http',
      forwardedHost: 'api.example',
    });
  });

  it('with TLS is forwarded as https', () => {
    const socket = new TLSSocket(new Socket());
    expect(readFrom([], [], { peer: '11.0.0.1', socket }).forwardedProto).toBe('https');
  });

  it('without an address is unknown, also over a Unix socket', async () => {
    expect(readFrom(['0.0.0.0/0', '::/0'], CLAIMS)).toMatchObject({
      clientIp: 'unknown',
      forwardedFor: 'unknown',
    });
    const folder = await mkdtemp(join(tmpdir(), 'tollgate-'));
    const wire = await openWire([], join(folder, 'socket'));
    const head = await wire.read(['GET / HTTP/1.1', 'Host: a']);
    await wire.close();
    await rm(folder, { recursive: true });
    expect(head).toMatchObject({ clientIp: 'unknown', forwardedFor: 'unknown', headError: undefined });
  });
});

describe('client_ip_header', () => {
  const reader = createReader({
    trustProxy: ['10.0.0.0/8'],
    clientIpHeader: 'CF-Connecting-IP',
    newId: () => 'new-id',
  });
  const clientOf = (fields: string[], peer = '10.1.2.3') => {
    const { clientIp, forwardedFor } = reader(requestOf(fields, { peer }));
    return [clientIp, forwardedFor];
  };

  it('of a trusted peer is the address of the client, whatever the chain is', () => {
    expect(clientOf(['CF-Connecting-IP', '9.9.9.9'])).toEqual(['9.9.9.9', '9.9.9.9, 10.1.2.3']);
    expect(clientOf(['cf-connecting-ip', '::ffff:9.9.9.9'])).toEqual(['9.9.9.9', '9.9.9.9, 10.1.2.3']);
    expect(clientOf(['CF-CONNECTING-IP', '[2001:DB8::1]:80'])[0]).toBe('2001:db8::1');
    expect(clientOf([...CLAIMS, 'CF-Connecting-IP', '7.7.7.7'])).toEqual(['7.7.7.7', '9.9.9.9, 10.1.2.3']);
  });

  it('that is absent, repeated or no address makes the peer the client; no other field is read', () => {
    const invalid = ['', 'x', '9.9.9.9, 8.8.8.8', '9.9.9', '9.9.9.9 8.8.8.8', 'unknown', '9'.repeat(70)];
    for (const value of invalid) {
      expect(clientOf(['CF-Connecting-IP', value, ...CLAIMS])[0]).toBe('10.1.2.3');
      expect(clientOf(['CF-Connecting-IP', value])).toEqual(['10.1.2.3', '10.1.2.3']);
    }
    expect(clientOf(CLAIMS)[0]).toBe('10.1.2.3');
    expect(clientOf(['X-Real-IP', '8.8.8.8'])).toEqual(['10.1.2.3', '10.1.2.3']);
    expect(clientOf(['CF-Connecting-IP', '9.9.9.9', 'cf-connecting-ip', '9.9.9.9'])[0]).toBe('10.1.2.3');
    expect(clientOf(['CF_Connecting_IP', '9.9.9.9'])[0]).toBe('10.1.2.3');
  });

  it('of an untrusted peer is ignored', () => {
    expect(clientOf(['CF-Connecting-IP', '9.9.9.9'], '11.0.0.1')).toEqual(['11.0.0.1', '11.0.0.1']);
  });
});

describe('A trusted peer', () => {
  it('sets the forwarding information', () => {
    expect(readFrom(['10.0.0.0/8'], CLAIMS, { peer: '10.1.2.3' })).toMatchObject({
      id: 'theirs',
      clientRequestId: undefined,
      clientIp: '9.9.9.9',
      forwardedFor: '9.9.9.9, 10.1.2.3',
      forwardedProto: 'https',
      forwardedHost: 'evil.example',
    });
  });

  it.each(['a b', 'a"b', 'x'.repeat(129), 'caf\xe9', ''])(
    'cannot set an id that is no plain token: %j',
    (id) => {
      expect(readFrom(['10.0.0.1'], ['X-Request-Id', id], { peer: '10.0.0.1' }).id).toBe('new-id');
    },
  );

  it('may send an id of 128 characters, once', () => {
    const id = "!#$%&'*+-.^_`|~".padEnd(128, 'a');
    expect(readFrom(['10.0.0.1'], ['X-Request-Id', id], { peer: '10.0.0.1' }).id).toBe(id);
    const twice = readFrom(['10.0.0.1'], ['X-Request-Id', 'a', 'X-Request-Id', 'a'], { peer: '10.0.0.1' });
    expect(twice).toMatchObject({ id: 'new-id', clientRequestId: undefined });
  });

  it.each([
    ['HTTP', 'http'],
    ['https', 'https'],
    ['ftp', 'http'],
    ['https, http', 'http'],
    ['', 'http'],
  ])('that sends the protocol %j is forwarded as %s', (sent, forwardedProto) => {
    const head = readFrom(['10.0.0.1'], ['X-Forwarded-Proto', sent], { peer: '10.0.0.1' });
    expect(head).toMatchObject({ forwardedProto });
  });

  it.each(['a b', 'a, b', 'a:0', ''])('that sends the host %j is forwarded with the Host field', (sent) => {
    const head = readFrom(['10.0.0.1'], ['X-Forwarded-Host', sent], { peer: '10.0.0.1' });
    expect(head.forwardedHost).toBe('api.example');
  });

  it('that sends no forwarding field is the client', () => {
    expect(readFrom(['10.0.0.1'], [], { peer: '10.0.0.1' })).toMatchObject({
      clientIp: '10.0.0.1',
      forwardedFor: '10.0.0.1',
      forwardedProto: 'http',
      forwardedHost: 'api.example',
    });
  });

  it('may name the client in X-Real-IP alone', () => {
    const peer = { peer: '10.0.0.1' };
    expect(readFrom(['10.0.0.1'], ['X-Real-IP', '9.9.9.9'], peer)).toMatchObject({
      clientIp: '9.9.9.9',
      forwardedFor: '9.9.9.9, 10.0.0.1',
    });
    expect(readFrom(['10.0.0.1'], ['X-Real-IP', 'nobody'], peer)).toMatchObject({
      clientIp: '10.0.0.1',
      forwardedFor: '10.0.0.1',
    });
  });
});

describe('The client of a chain', () => {
  it.each([
    ['9.9.9.9', '9.9.9.9'],
    ['1.1.1.1, 9.9.9.9', '9.9.9.9'],
    ['1.1.1.1, 9.9.9.9, 10.0.0.2', '9.9.9.9'],
    ['9.9.9.9,10.0.0.2 ,\t10.0.0.3', '9.9.9.9'],
    ['10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['9.9.9.9, garbage', '10.0.0.1'],
    ['9.9.9.9, garbage, 10.0.0.2', '10.0.0.2'],
    ['9.9.9.9,', '10.0.0.1'],
    ['', '10.0.0.1'],
    [',', '10.0.0.1'],
    ['unknown', '10.0.0.1'],
    ['9.9.9.9:55', '9.9.9.9'],
    ['9.9.9.9:56', '9.9.9.9'],
    ['9.9.9.9:', '10.0.0.1'],
    ['[2001:DB8::5]:443', '2001:db8::5'],
    ['[2001:db8::5]', '2001:db8::5'],
    ['2001:db8:0:0::5', '2001:db8::5'],
    ['[9.9.9.9]:5', '9.9.9.9'],
    ['::ffff:9.9.9.9', '9.9.9.9'],
    ['::FFFF:0909:0909', '9.9.9.9'],
    ['9.9.9.9, ::ffff:10.0.0.2', '9.9.9.9'],
    ['9.9.9.9, [fd00::1]:80', '9.9.9.9'],
    ['010.0.0.1', '10.0.0.1'],
    ['9.9.9', '10.0.0.1'],
    ['9.9.9.9:5:5', '10.0.0.1'],
    [`9.9.9.9:${'5'.repeat(80)}`, '10.0.0.1'],
  ])('%j is the rightmost untrusted one: %s', (chain, clientIp) => {
    const head = readFrom(['10.0.0.0/8', 'fd00::/8'], ['X-Forwarded-For', chain], { peer: '10.0.0.1' });
    expect(head.clientIp).toBe(clientIp);
  });

  it('in several lines is joined in their order', () => {
    const lines = ['X-Forwarded-For', '1.1.1.1', 'Accept', '*/*', 'x-forwarded-for', '2.2.2.2, 10.0.0.2'];
    expect(readFrom(['10.0.0.0/8'], lines, { peer: '10.0.0.1' })).toMatchObject({
      clientIp: '2.2.2.2',
      forwardedFor: '1.1.1.1, 2.2.2.2, 10.0.0.2, 10.0.0.1',
    });
  });
});

describe('The trusted proxies', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.0/8', '127.255.0.1', true],
    ['0.0.0.0/0', '9.9.9.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::1', '::1', true],
    ['2001:db8::/32', '2001:DB8:1::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['::ffff:10.0.0.0/104', '10.9.9.9', true],
    ['::ffff:10.0.0.0/104', '11.0.0.0', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
  ])('%s include %s: %s', (entry, peer, trusted) => {
    const head = readFrom([entry], ['X-Request-Id', 'theirs'], { peer });
    expect(head.id === 'theirs').toBe(trusted);
  });

  it.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/-1',
    '::/129',
    '::ffff:1.2.3.4/95',
    '*',
  ])('cannot be %j, which is reported at load', (entry) => {
    expect(() => createReader({ trustProxy: [entry], newId: () => '' })).toThrow();
  });

  it('are known by their IPv4 address on a socket of both families', async () => {
    const wire = await openWire(['127.0.0.1'], '::');
    const lines = ['GET / HTTP/1.1', 'Host: a', 'X-Forwarded-For: 9.9.9.9'];
    const overIPv4 = await wire.read(lines, '127.0.0.1');
    const overIPv6 = await wire.read(lines, '::1');
    await wire.close();
    expect(overIPv4).toMatchObject({ clientIp: '9.9.9.9', forwardedFor: '9.9.9.9, 127.0.0.1' });
    expect(overIPv6).toMatchObject({ clientIp: '::1', forwardedFor: '::1' });
  });
});

describe('The Forwarded field', () => {
  const forwarded = (sent: string, options: RequestOptions = {}, host = 'api.example') =>
    readFrom(['10.0.0.0/8', 'fd00::/8'], ['Host', host, 'Forwarded', sent], { peer: '10.0.0.1', ...options })
      .forwarded;

  it("of a trusted peer gets the gateway's own element appended", () => {
    expect(forwarded('for=192.0.2.7')).toBe('for=192.0.2.7, for=10.0.0.1;host=api.example;proto=http');
    const socket = new TLSSocket(new Socket());
    expect(forwarded('for=_hidden;by=unknown', { socket })).toMatch(/;proto=https$/);
  });

  it('quotes what is no token: an IPv6 address in brackets, a host with a port', () => {
    expect(forwarded('for="[2001:db8::1]:80"', { peer: 'fd00::1' }, '[2001:db8::2]:8080')).toBe(
      'for="[2001:db8::1]:80", for="[fd00::1]";host="[2001:db8::2]:8080";proto=http',
    );
    expect(forwarded('for=a', {}, 'api.example:80')).toContain(';host="api.example:80";');
  });

  it('is one list of several lines', () => {
    const fields = ['Forwarded', 'for=a', 'forwarded', 'For="b, c"'];
    expect(readFrom(['10.0.0.0/8'], fields, { peer: '10.0.0.1' }).forwarded).toBe(
      'for=a, For="b, c", for=10.0.0.1;host=api.example;proto=http',
    );
  });

  it('is removed if it is invalid, so that no element hides in an open quote', () => {
    for (const sent of [
      'for="192.0.2.7',
      'for=a, for="b',
      'for',
      '',
      ',',
      'for=a;;',
      'for="a"b',
      'for="a\\"',
    ])
      expect(forwarded(sent)).toBeUndefined();
  });

  it('is not created if a trusted peer sends none, and not taken from an untrusted one', () => {
    expect(readFrom(['10.0.0.0/8'], [], { peer: '10.0.0.1' }).forwarded).toBeUndefined();
    expect(readFrom(['10.0.0.0/8'], ['Forwarded', 'for=a'], { peer: '11.0.0.1' }).forwarded).toBeUndefined();
  });

  it('of any length is parsed in linear time', () => {
    const startedMs = performance.now();
    for (const part of ['for=a ', ' ', 'for=a;', '"', 'for="\\', 'a', ','])
      forwarded(part.repeat(16_000 / part.length));
    expect(performance.now() - startedMs).toBeLessThan(500);
  });
});
