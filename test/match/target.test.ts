import { describe, expect, it } from 'vitest';
import { Refusal } from '../../src/model/refusal.js';
import { routeOf } from '../model/route-of.js';
import { headOf, matcherOf } from './head-of.js';

const match = matcherOf([routeOf('* /a'), routeOf('* /'), routeOf('* /all/{rest*}')], {
  allowSemicolon: false,
});

describe('A target in absolute-form', () => {
  it.each([
    ['http://api.example/a', 'api.example', '/a', ''],
    ['HTTP://API.Example/a', 'api.example', '/a', ''],
    ['http://api.example:80/a', 'api.example', '/a', ''],
    ['http://api.example/a', 'api.example:80', '/a', ''],
    ['https://api.example/a', 'api.example:443', '/a', ''],
    ['http://api.example:8080/a?b=c', 'api.example:8080', '/a', '?b=c'],
    ['http://[::1]:80/a', '[::1]', '/a', ''],
    ['http://api.example', 'api.example', '/', ''],
    ['http://api.example?x', 'api.example', '/', '?x'],
  ])('%s with the host %s is its path', (target, host, path, query) => {
    expect(match(headOf(`GET ${target}`, host))).toMatchObject({ path, query });
  });

  it.each([
    ['http://other.example/a', 'api.example'],
    ['http://api.example.evil/a', 'api.example'],
    ['http://api.example:8080/a', 'api.example'],
    ['http://api.example:443/a', 'api.example'],
    ['https://api.example:80/a', 'api.example'],
    ['http://user@api.example/a', 'api.example'],
    ['http://api.example\\@evil/a', 'api.example'],
    ['http:///a', 'api.example'],
  ])('%s with the host %s is refused', (target, host) => {
    expect(match(headOf(`GET ${target}`, host))).toMatchObject({
      status: 400,
      detail: 'the target names another host than the Host field',
    });
  });

  it('follows the rules of paths and queries', () => {
    expect(match(headOf('GET http://api.example/all/../a'))).toMatchObject({ status: 400 });
    expect(match(headOf('GET http://api.example#/a'))).toMatchObject({ status: 400 });
    expect(match(headOf('GET http://api.example/a?b#c'))).toMatchObject({ status: 400 });
  });
});

describe('A target that is no path', () => {
  it.each([
    'GET api.example:443',
    'CONNECT api.example:443',
    'GET *',
    'POST *',
    'GET ',
    'GET a/b',
    'GET ?a',
    'GET ftp://api.example/a',
    'GET ws://api.example/a',
    'GET http:/a',
  ])('is refused: %s', (request) => {
    expect(match(headOf(request))).toMatchObject({ status: 400, detail: 'the target is not a path' });
  });

  it('matches no route if it is OPTIONS *', () => {
    expect(match(headOf('OPTIONS *'))).toMatchObject({ status: 404, reason: 'no_route' });
  });
});

describe('A query', () => {
  it.each(['', '?', '?a=b&a=c', '?%zz%00;..//\\"<>', '??', '?a=http://b/?c'])(
    'is forwarded byte for byte: %j',
    (query) => {
      expect(match(headOf(`GET /a${query}`))).toMatchObject({ path: '/a', query });
    },
  );

  it.each(['?#', '?a=1#b', '?a\x00', '?a\x1fb', '?a\x7f', '?caf\xe9', '?a b'])('is refused: %j', (query) => {
    const refusal = match(headOf(`GET /a${query}`));
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ status: 400 });
  });

  it('does not begin before a #, which is refused in the path', () => {
    expect(match(headOf('GET /a#?b'))).toMatchObject({ status: 400, detail: 'the path has a #' });
  });
});
