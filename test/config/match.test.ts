import { describe, expect, it } from 'vitest';
import { matchOf, problemsOf } from './planted.js';

describe('a match', () => {
  it.each([
    [
      '/a',
      [
        '6:12: "match" must be methods and a path, such as "GET /a/{id}", "GET,POST /a" or "* /files/{path*}"; write "GET /a", or "*" for any method',
      ],
    ],
    [
      'GET a',
      [
        '6:12: "match" must be methods and a path, such as "GET /a/{id}", "GET,POST /a" or "* /files/{path*}"; write "GET /a"',
      ],
    ],
    ['get /a', ['6:12: unknown method "get"; did you mean "GET"?']],
    ['GTE /a', ['6:12: unknown method "GTE"']],
    ['FOO /a', ['6:12: unknown method "FOO"']],
    ['GETS /a', ['6:12: unknown method "GETS"; did you mean "GET"?']],
    ['TRACE /a', ['6:12: TRACE always gets 405; no route can have it']],
    ['CONNECT /a', ['6:12: CONNECT always gets 405; no route can have it']],
    ['GET,* /a', ['6:12: "*" is any method and must be the only one']],
    ['GET,GET /a', ['6:12: the method GET appears twice']],
    [
      'GET,/a',
      [
        '6:12: "match" must be methods and a path, such as "GET /a/{id}", "GET,POST /a" or "* /files/{path*}"; write "GET /a"',
      ],
    ],
    ['GET /a//b', ['6:12: the path has "//", which the gateway refuses']],
    ['GET /a/{id}x', ['6:12: "{id}x" is no placeholder; write "GET /a/{id}"']],
    ['GET /{1a}', ['6:12: "{1a}" is no placeholder; write "GET /{id}"']],
    ['GET /{}', ['6:12: "{}" is no placeholder; write "GET /{id}"']],
    ['GET /{a*}/b', ['6:12: a placeholder with "*" takes the rest of the path and must be its last segment']],
    ['GET /{a}/{a}', ['6:12: the placeholder {a} appears twice']],
    ['GET /a/*', ['6:12: "*" is no placeholder; write "GET /a/{rest*}", or %2A for these very characters']],
    [
      'GET /a%2fb',
      ['6:12: the path has "%2F", which is refused unless the route says allow_encoded_slash: true'],
    ],
    ['GET /a;b', ['6:12: the path has ";", which is refused unless the file says allow_semicolon: true']],
    ['GET /a%3Bb', ['6:12: the path has ";", which is refused unless the file says allow_semicolon: true']],
    ['GET /a?b', ['6:12: the segment "a?b" has a "\\", "#" or "?", which no path may have']],
    ['GET /a/../b', ['6:12: the segment ".." is "." or "..", which the gateway refuses']],
    ['GET /./b', ['6:12: the segment "." is "." or "..", which the gateway refuses']],
    ['GET /%2e%2E', ['6:12: the segment "%2e%2E" is "." or "..", which the gateway refuses']],
    ['GET /%5c', ['6:12: the segment "%5c" has an encoded "\\", which the gateway refuses']],
    ['GET /a\\b', ['6:12: the segment "a\\b" has a "\\", "#" or "?", which no path may have']],
    ['GET /%00', ['6:12: the segment "%00" has an encoded control character, which the gateway refuses']],
    ['GET /%1F', ['6:12: the segment "%1F" has an encoded control character, which the gateway refuses']],
    ['GET /%7f', ['6:12: the segment "%7f" has an encoded control character, which the gateway refuses']],
    ['GET /%2541', ['6:12: the segment "%2541" is encoded twice, which the gateway refuses']],
    ['GET /%25%34%31', ['6:12: the segment "%25%34%31" is encoded twice, which the gateway refuses']],
    ['GET /%zz', ['6:12: the segment "%zz" has a "%" that begins no escape such as %20']],
    ['GET /%4', ['6:12: the segment "%4" has a "%" that begins no escape such as %20']],
    ['GET /%ff', ['6:12: the segment "%ff" is not UTF-8 when decoded']],
    ['GET /ä', ['6:12: the segment "ä" has a character that must be percent-encoded']],
    ['5', ['6:12: "match" must be methods and a path, such as "GET /a/{id}"']],
    [
      '"GET /a b"',
      [
        '6:12: "match" must be methods and a path, such as "GET /a/{id}", "GET,POST /a" or "* /files/{path*}"',
      ],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(matchOf(written))).toEqual(problems);
  });

  it.each([
    'GET, POST  /a',
    '"* /a"',
    'GET /',
    'GET /a/',
    'GET /%3Aid',
    'GET /books:batch',
    'GET /$metadata',
    'GET /a%2A',
    'GET /Products%281%29',
    'GET /a%20b',
    'OPTIONS /a',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(matchOf(written))).toEqual([]);
  });
});
