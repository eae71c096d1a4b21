/**
 * Paths in the syntax of other programs: each is an error with a remedy to paste, never a route that matches
 * nothing.
 */
import { describe, expect, it } from 'vitest';
import { matchOf, problemsOf } from './planted.js';

const inQuotes = (match: string): string => `"${match.replace(/["\\]/g, '\\$&')}"`;

describe('a path in the syntax of another program', () => {
  it.each([
    ['GET /users/:id', 'GET /users/{id}', '%3Aid'],
    ['GET /users/:id(\\d+)/x', 'GET /users/{id}/x', undefined],
    ['GET /files/:path*', 'GET /files/{path*}', '%3Apath%2A'],
    ['GET /files/:path(.*)', 'GET /files/{path*}', '%3Apath%28.%2A%29'],
    ['GET /users/<id>', 'GET /users/{id}', '%3Cid%3E'],
    ['GET /users/<int:id>', 'GET /users/{id}', '%3Cint:id%3E'],
    ['GET /files/<path:name>', 'GET /files/{name*}', '%3Cpath:name%3E'],
    ['GET /users/<id:int>', 'GET /users/{id}', '%3Cid:int%3E'],
    ['GET /a*', 'GET /a/{rest*}', 'a%2A'],
    ['GET /*path', 'GET /{path*}', '%2Apath'],
    ['GET /a/*/b', 'GET /a/{rest}/b', '%2A'],
    ['GET /a/**', 'GET /a/{rest*}', '%2A%2A'],
    ['GET /a/...', 'GET /a/{rest*}', undefined],
    ['GET /a/(.*)', 'GET /a/{rest*}', '%28.%2A%29'],
    ['GET /a/([^/]+)/b', 'GET /a/{id}/b', undefined],
    ['GET /a/(?<year>\\d{4})', 'GET /a/{year}', undefined],
    ['GET /a/\\d+', 'GET /a/{id}', undefined],
    ['GET /a$', 'GET /a', 'a%24'],
    ['GET /a/{id:int}', 'GET /a/{id}', undefined],
    ['GET /a/{id:[0-9]+}', 'GET /a/{id}', undefined],
    ['GET /a/{path:.*}', 'GET /a/{path*}', undefined],
    ['GET /a/{*path}', 'GET /a/{path*}', undefined],
    ['GET /a/{**path}', 'GET /a/{path*}', undefined],
    ['GET /a/{path+}', 'GET /a/{path*}', undefined],
    ['GET /a/{path...}', 'GET /a/{path*}', undefined],
    ['GET /a/{id?}', 'GET /a/{id}', undefined],
    ['GET /a/{{id}}', 'GET /a/{id}', undefined],
    ['GET /a/{id}.json', 'GET /a/{id}', undefined],
    ['GET /a/[id]', 'GET /a/{id}', '%5Bid%5D'],
    ['GET /a/[...slug]', 'GET /a/{slug*}', '%5B...slug%5D'],
    ['GET /a/%7Bid%7D', 'GET /a/{id}', undefined],
    ['GET /:a/:a', 'GET /{a}/{a2}', '%3Aa'],
  ])('%s is reported as %s', async (written, right, literal) => {
    const [problem, ...more] = await problemsOf(matchOf(inQuotes(written)));
    expect(more).toEqual([]);
    const itself = literal === undefined ? '' : `, or ${literal} for these very characters`;
    expect(problem?.replace(/^6:12: ".*" is no placeholder; /, '')).toBe(`write "${right}"${itself}`);
    expect(await problemsOf(matchOf(inQuotes(right)))).toEqual([]);
    if (literal !== undefined) expect(await problemsOf(matchOf(inQuotes(`GET /${literal}`)))).toEqual([]);
  });

  it.each([
    ['/users/:id', 'write "GET /users/{id}", or "*" for any method'],
    ['~ ^/a/(.*)$', 'write "GET /a/{rest*}", or "*" for any method'],
    ['GET ^/a/(.*)$', 'write "GET /a/{rest*}"'],
    ['GET *path', 'write "GET /{path*}"'],
    ['GET https://api.example/a', 'write "GET /a"'],
    ['GET|POST /a', 'several methods are written GET,POST'],
    ['[GET, POST] /a', 'several methods are written GET,POST'],
    ['GET POST /a', 'several methods are written GET,POST'],
    ['ANY /a', 'unknown method "ANY"; any method is "*"'],
    ['GET /a/(b|c)', 'write a route for each, such as "GET /a/b", or %28b%7Cc%29 for these very characters'],
  ])('is reported in the rest of a match too: %s', async (written, remedy) => {
    const problems = await problemsOf(matchOf(inQuotes(written)));
    expect(problems).toEqual([expect.stringMatching(/^6:12: /)]);
    expect(problems[0]?.endsWith(remedy)).toBe(true);
  });
});
