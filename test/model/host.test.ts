import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coversHost, hostRank, normalHost } from '../../src/model/host.js';

describe('The normal form of a host', () => {
  it.each([
    ['api.example.com', 'api.example.com'],
    ['API.Example.COM', 'api.example.com'],
    ['api.example.com:8443', 'api.example.com'],
    ['api.example.com.', 'api.example.com'],
    ['api.example.com..', 'api.example.com'],
    ['...', ''],
    ['api.example.com.:80', 'api.example.com'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['10.0.0.5:80', '10.0.0.5'],
    ['[::1]', '[::1]'],
    ['[::1]:8443', '[::1]'],
    ['[0:0::0001]:1', '[::1]'],
    ['[2001:DB8:0:0::A]', '[2001:db8::a]'],
    ['my_service:80', 'my_service'],
  ])('of %s is %s', (host, normal) => {
    expect(normalHost(host)).toBe(normal);
  });

  it('is its own normal form', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.domain(),
          fc.ipV4(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        (host) => {
          expect(normalHost(normalHost(host))).toBe(normalHost(host));
        },
      ),
    );
  });
});

describe('A wildcard', () => {
  it.each([
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.b.example.com', true],
    ['*.example.com', '*.b.example.com', true],
    ['*.example.com', '*.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'badexample.com', false],
    ['*.b.example.com', '*.example.com', false],
    ['*.example.com', '.example.com', false],
    ['*.example.com', 'a.example.com.evil.test', false],
  ])('%s matches %s: %s', (pattern, host, expected) => {
    expect(coversHost(pattern, host)).toBe(expected);
  });

  it('goes before a shorter one, and after a name', () => {
    const ordered = ['a.b.example.com', '*.b.example.com', '*.example.com', undefined];
    const ranks = ordered.map(hostRank);
    expect(ranks).toEqual(ranks.toSorted((one, other) => other - one));
    expect(new Set(ranks).size).toBe(4);
  });
});
