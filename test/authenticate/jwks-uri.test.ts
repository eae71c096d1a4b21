/** Where discovery may redirect the gateway: to loopback only if the issuer itself is there. */
import { describe, expect, it } from 'vitest';
import { jwksUriOf } from '../../src/authenticate/key-source.js';
import { isLoopback } from '../../src/model/loopback.js';

const jwksUri = (issuer: string, uri: unknown): string =>
  jwksUriOf({ issuer, jwks_uri: uri }, issuer, `${issuer}/metadata`);

const LOOPBACK = [
  'localhost',
  'LOCALHOST',
  '127.0.0.1',
  '127.1.2.3',
  '[::1]',
  '::1',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '::ffff:7f00:1',
];
const ELSEWHERE = [
  '',
  'issuer.example',
  'localhost.example',
  'a.localhost',
  '127.0.0.1.example',
  '127.evil.example',
  '10.0.0.1',
  '0.0.0.0',
  '128.0.0.1',
  '[::]',
  '[::2]',
  '[::ffff:10.0.0.1]',
  '[fe80::1]',
];

describe('Loopback', () => {
  it.each(LOOPBACK)('is %s', (host) => expect(isLoopback(host)).toBe(true));
  it.each(ELSEWHERE)('is not "%s"', (host) => expect(isLoopback(host)).toBe(false));
});

describe('A jwks_uri', () => {
  it.each([
    'http://127.0.0.1:9/jwks',
    'https://127.0.0.1/jwks',
    'http://localhost/jwks',
    'http://[::1]/jwks',
    'http://0x7f.1/',
    'http://2130706433/',
    'https://[::ffff:127.0.0.1]/',
  ])('at %s is accepted only from an issuer on loopback', (uri) => {
    expect(jwksUri('http://localhost:7000', uri)).toBe(uri);
    expect(jwksUri('http://127.0.0.1:7000/realm', uri)).toBe(uri);
    expect(() => jwksUri('https://issuer.example', uri)).toThrow('on loopback');
  });

  it('elsewhere is accepted from any issuer, over https', () => {
    expect(jwksUri('https://issuer.example', 'https://keys.example/jwks')).toBe('https://keys.example/jwks');
    expect(jwksUri('http://localhost:7000', 'https://keys.example/jwks')).toBe('https://keys.example/jwks');
    expect(() => jwksUri('http://localhost:7000', 'http://keys.example/jwks')).toThrow('https');
  });
});
