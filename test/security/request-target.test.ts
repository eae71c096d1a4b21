/**
 * A request target has one meaning: an ambiguous one is 400 and never forwarded; others are forwarded byte
 * for byte.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixture, type Fixture } from '../support/fixture.js';

let fixture: Fixture;
let lenient: Fixture;

const ROUTES = [
  { match: 'GET /', upstream: 'behind', public: true },
  { match: 'GET /users/@admin', upstream: 'behind', scope: 'admin' },
  { match: 'GET /users/{id}', upstream: 'behind', public: true },
  { match: '* /files/{path*}', upstream: 'behind', public: true },
  { match: 'GET /raw/{path*}', upstream: 'behind', public: true, allow_encoded_slash: true },
  { match: 'GET /old/{id}', upstream: 'behind', public: true, rewrite: '/new/{id}' },
];

beforeAll(async () => {
  const issuers = { main: { issuer: 'https://issuer.test', jwks: 'https://127.0.0.1:1/', audience: 'gate' } };
  [fixture, lenient] = await Promise.all([
    startFixture({ issuers, routes: ROUTES }),
    startFixture({ issuers, routes: ROUTES, allow_semicolon: true }),
  ]);
});
afterAll(() => Promise.all([fixture.close(), lenient.close()]));

async function ask(target: string, { method = 'GET', host = 'gate.test', at = fixture } = {}) {
  const before = at.upstream.requests.length;
  const { responses } = await at.talk(
    `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
  );
  const [response] = responses;
  const asked = at.upstream.requests.slice(before).map(({ head }) => head.split(' ')[1]);
  return { status: response?.status, code: response?.code, asked };
}

const REFUSED = { status: 400, code: 214, asked: [] };
const UNKNOWN = { status: 404, code: 34, asked: [] };

describe('An ambiguous path', () => {
  it.each([
    ['a dot segment', ['/files/.', '/files/./a', '/files/a/.', '/./files/a', '/.']],
    ['two dots', ['/files/..', '/files/../users/7', '/files/a/..', '/../files/a', '/files/a/../../..']],
    ['encoded dots', ['/files/%2e', '/files/%2E%2e/a', '/files/.%2e/a', '/files/%2e./a', '/files/a/%2e%2E']],
    ['two slashes', ['//files/a', '/files//a', '/files/a//', '//', '///']],
    ['a backslash', ['/files\\a', '/files/..\\a', '/files/a%5cb', '/files/a%5Cb', '\\files/a']],
    ['an encoded slash', ['/files/a%2fb', '/files/a%2F..%2fb', '/files%2fa', '/users/a%2fb', '/%2f']],
    [
      'an encoded control character',
      ['/files/%00', '/files/a%00.txt', '/files/%0d%0aX', '/files/%09', '/files/%1F'],
    ],
    ['an encoded DEL', ['/files/%7f', '/files/a%7Fb']],
    ['two encodings', ['/files/%252e%252e/a', '/files/%252f', '/files/a%25AFb', '/files/%2525']],
    [
      'two encodings that one decoding brings to light',
      ['/files/%25%32%65', '/files/%2%35%32e', '/files/%25%32f'],
    ],
    [
      'an invalid escape',
      ['/files/%', '/files/a%', '/files/%2', '/files/%zz', '/files/%u002e', '/files/%g0'],
    ],
    [
      'bytes that are no UTF-8',
      ['/files/%c0%ae', '/files/%c0%af', '/files/%ff', '/files/%ed%a0%80', '/files/%e0%80%af'],
    ],
    ['a control character', ['/files/a\x01', '/files/a\x7f', '/files/\x1b', '/files/a\tb', '/files/a\0b']],
    ['raw bytes past ASCII', ['/files/\xc3\xa9', '/files/\xe9', '/files/\xff\xfe', '/\u00a0']],
    ['a fragment', ['/files/a#b', '/files/#', '/#', '/files/a#?b']],
    [
      'a semicolon',
      ['/files/a;b', '/files/..;/a', '/files/a;v=1/b', '/files/a%3bb', '/files/a%3Bb', '/;/files/a'],
    ],
  ])('with %s is refused', async (_, targets) => {
    for (const target of targets) expect([target, await ask(target)]).toEqual([target, REFUSED]);
  });

  it('with a dot segment beside a semicolon or an encoded slash is refused even where those are allowed', async () => {
    for (const target of [
      '/files/..;/a',
      '/files/.;a',
      '/files/..%3b/a',
      '/files/a/;/b',
      '/;/a',
      '/files/;a',
    ]) {
      expect([target, await ask(target, { at: lenient })]).toEqual([target, REFUSED]);
    }
    for (const target of ['/raw/..%2fa', '/raw/a%2f..', '/raw/a%2f.%2fb', '/raw/%2e%2e%2fa', '/raw/a%5cb']) {
      expect([target, await ask(target)]).toEqual([target, REFUSED]);
    }
  });

  it('with control characters, raw bytes or a fragment in the query is refused', async () => {
    for (const target of ['/files/a?\x01', '/files/a?\xe9', '/files/a?b#c', '/files/a?b\tc']) {
      expect([target, await ask(target)]).toEqual([target, REFUSED]);
    }
  });
});

describe('A target in another form', () => {
  it.each([
    ['http://other.test/files/a', 'gate.test'],
    ['http://gate.test:8080/files/a', 'gate.test'],
    ['http://gate.test/files/a', 'gate.test:8080'],
    ['http://user@gate.test/files/a', 'gate.test'],
    ['http://gate.test@other.test/files/a', 'gate.test'],
    ['https://gate.test:80/files/a', 'gate.test'],
    ['ftp://gate.test/files/a', 'gate.test'],
    ['http:///files/a', 'gate.test'],
    ['http:/files/a', 'gate.test'],
    ['http://gate.test\\files/a', 'gate.test'],
    ['gate.test:80', 'gate.test'],
    ['*', 'gate.test'],
    ['files/a', 'gate.test'],
    ['?a', 'gate.test'],
  ])('is refused: %s at %s', async (target, host) => {
    expect(await ask(target, { host })).toEqual(REFUSED);
  });

  it('is refused where it names the Host but has an ambiguous path', async () => {
    for (const path of ['/files/../a', '//files/a', '/files/a%2fb', '/files/a#b']) {
      expect(await ask(`http://gate.test${path}`)).toEqual(REFUSED);
    }
  });

  it('is refused without a message of Node if its authority has no port or host that Node can parse', async () => {
    const words: Error[] = [];
    const hear = (warning: Error): void => void words.push(warning);
    process.on('warning', hear);
    for (const authority of ['gate.te:st', 'a:b:c', '[::1', 'xn--a', 'a%zz', ':80']) {
      expect(await ask(`http://${authority}/users/1`)).toEqual(REFUSED);
    }
    process.off('warning', hear);
    expect(words).toEqual([]);
  });

  it('is matched by its path where its authority is the Host', async () => {
    for (const target of [
      'http://gate.test/files/a?b',
      'http://GATE.test:80/files/a?b',
      'HTTP://gate.test/files/a?b',
    ]) {
      expect(await ask(target)).toEqual({ status: 200, code: undefined, asked: ['/files/a?b'] });
    }
    expect((await ask('http://gate.test')).asked).toEqual(['/']);
    expect((await ask('http://gate.test?a')).asked).toEqual(['/?a']);
  });

  it('matches no route if it is * for OPTIONS', async () => {
    expect(await ask('*', { method: 'OPTIONS' })).toEqual(UNKNOWN);
  });
});

describe('A path is forwarded', () => {
  it.each([
    ['as sent', '/files/a/b.c~d_e-f', '/files/a/b.c~d_e-f'],
    ['with its sub-delimiters', "/files/a!$&'()*+,=:@b", "/files/a!$&'()*+,=:@b"],
    ['with its escapes in the case that they had', '/files/%c3%A9%20%3c', '/files/%c3%A9%20%3c'],
    ['with unreserved characters decoded', '/files/%61%2D%7e%5f%2E%41', '/files/a-~_.A'],
    ['with dots that are part of a name', '/files/a...b', '/files/a...b'],
    ['with a hidden file', '/files/.a/..b/c..', '/files/.a/..b/c..'],
    ['with a percent sign that encodes nothing further', '/files/100%25', '/files/100%25'],
    ['with a trailing slash', '/files/a/', '/files/a/'],
    [
      'with its query untouched',
      '/files/a?b=%2e%2e%2f&c=%zz;//..\\&d=?',
      '/files/a?b=%2e%2e%2f&c=%zz;//..\\&d=?',
    ],
    ['with an empty query', '/files/a?', '/files/a?'],
    ['with an encoded slash where its route allows one', '/raw/a%2Fb%2fc', '/raw/a%2Fb%2fc'],
    ['in the place that its rewrite has for it', '/old/%61%20b?c', '/new/a%20b?c'],
  ])('%s', async (_, target, expected) => {
    expect(await ask(target)).toEqual({ status: 200, code: undefined, asked: [expected] });
  });

  it('with a semicolon where the file allows one', async () => {
    expect((await ask('/files/a;v=1%3b/b', { at: lenient })).asked).toEqual(['/files/a;v=1%3b/b']);
  });

  it('to the route of its decoded text, never to another', async () => {
    for (const target of ['/users/@admin', '/users/%40admin', '/users/%40%61dmin', '/users/@%61%64min']) {
      expect(await ask(target)).toMatchObject({ status: 401, asked: [] });
    }
    expect((await ask('/users/%40other')).asked).toEqual(['/users/%40other']);
  });

  it('never to a looser route if it differs in case or by a trailing slash', async () => {
    for (const target of [
      '/users/@ADMIN',
      '/users/%40Admin',
      '/users/@admin/',
      '/USERS/@admin',
      '/users/%40admin/',
    ]) {
      expect([target, await ask(target)]).toEqual([target, UNKNOWN]);
    }
  });

  it('to no upstream if its last segment is three dots, which some servers read as two or as none', async () => {
    for (const target of ['/files/...', '/files/%2e..']) {
      expect([target, await ask(target)]).toEqual([target, UNKNOWN]);
    }
  });

  it('to no upstream if no route matches', async () => {
    for (const target of [
      '/nowhere',
      '/files',
      '/files/',
      '/Files/a',
      '/users',
      '/users/7/8',
      '/index.html',
    ]) {
      expect([target, await ask(target)]).toEqual([target, UNKNOWN]);
    }
  });
});
