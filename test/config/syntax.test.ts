/** One error for one cause, at the place where it begins, with the likely remedy. */
import { describe, expect, it } from 'vitest';
import { Problem } from '../../src/config/config.js';
import { excerptOf } from '../../src/config/problem.js';
import { load, onTop, planted, problemsOf, VALID } from './planted.js';

describe('a text that is not YAML', () => {
  it.each([
    [
      'a star',
      planted('GET /a', '* /items'),
      '6:12: not valid YAML: a text that begins with "*" must be in quotes: "* /items"',
    ],
    [
      'a star alone',
      planted('scope: a:read', 'scope: *'),
      '8:12: not valid YAML: a text that begins with "*" must be in quotes: "*"',
    ],
    [
      'a reserved character',
      planted('scope: a:read', 'scope: @a'),
      '8:12: not valid YAML: a text that begins with "@" must be in quotes: "@a"',
    ],
    [
      'a lost alias',
      planted('scope: a:read', 'scope: *a'),
      '8:12: the alias *a has no anchor &a before it; a text that begins with "*" must be in quotes',
    ],
    [
      'a quote that nothing closes',
      planted('GET /a', '"GET /a'),
      '6:12: not valid YAML: the " here is not closed',
    ],
    [
      'a quote that a later one closes',
      onTop('log: {level: "info}').replace('a:read', '"a:read"'),
      '1:14: not valid YAML: the " here is not closed',
    ],
    [
      'an open bracket',
      planted('scope: a:read', 'scope: [a'),
      '8:12: not valid YAML: the [ here is not closed',
    ],
    ['an open brace', onTop('log: {level: info'), '1:6: not valid YAML: the { here is not closed'],
    [
      'a colon in a text',
      planted('scope: a:read', 'scope: a: read'),
      '8:12: not valid YAML: a text with ": " in it must be in quotes',
    ],
    [
      'a tab',
      VALID.replace('    upstream', '\tupstream'),
      '7:1: not valid YAML: lines are indented with spaces, not with tabs',
    ],
    ['two documents', `${VALID}---\na: 1\n`, '9:1: a second document starts here; the file must be one'],
  ])('with %s has one error', async (_what, text, problem) => {
    expect(await problemsOf(text)).toEqual([problem]);
  });
});

describe('an error that follows from another', () => {
  it.each([
    ['issuers that are no names', VALID.replace(/ {2}main: .*/, '  [a]').concat('    issuer: main\n'), 1],
    ['a misspelt section of issuers', VALID.replace('issuers:', 'isuers:').concat('    issuer: main\n'), 1],
    [
      'upstreams that are no names',
      VALID.replace('  api: http://127.0.0.1:9001', '  http://127.0.0.1:9001'),
      1,
    ],
    ['no upstreams', VALID.replace(/upstreams:\n.*\n/, ''), 1],
    ['a faulty token service', `tokens: {issuer: 5}\n${VALID}    issuer: tokens\n`, 2],
    ['no issuers', VALID.replace(/issuers:\n.*\n/, '').concat('    issuer: main\n'), 1],
  ])('is omitted after %s', async (_what, text, count) => {
    expect(await problemsOf(text)).toHaveLength(count);
  });
});

it('the error for a line of a list with too little indentation says so', async () => {
  const problems = await problemsOf(planted('    upstream: api', '   upstream: api'));
  expect(problems).toEqual([
    '7:1: not valid YAML: the line is indented neither as the one above nor as a part of it',
  ]);
});

describe('the source line under a problem', () => {
  it('has a caret at its place', () => {
    expect(new Problem('f.yaml', 2, 9, 'is wrong', '    a:  \tb').toLines()).toEqual(
      ['f.yaml:2:9: is wrong', '    a:  \tb', '          ^'].map((line, index) =>
        index === 0 ? line : index === 1 ? `  ${line}` : line,
      ),
    );
    expect(excerptOf(`${'x'.repeat(300)}y${'z'.repeat(300)}`, 301)).toEqual([
      `  ${'x'.repeat(49)}y${'z'.repeat(50)}`,
      `  ${' '.repeat(49)}^`,
    ]);
  });

  it('shows no credentials', () => {
    expect(excerptOf('redis: {url: "redis://:s3cret@h:1", password: hunter2}', 1)[0]).toBe(
      '  redis: {url: "redis://*******@h:1", password: *******}',
    );
    expect(excerptOf('password: ${PW}', 1)[0]).toBe('  password: ${PW}');
  });
});

describe('merge keys and x- keys', () => {
  const shared = `x-route: &r {upstream: api, scope: a:read}
x-more: &m
  limit: 5 per 1m
  x-note: any
`;
  it('work as in compose files, with positions', async () => {
    const text = `${shared}${VALID}  - {<<: *r, match: GET /b}\n  - <<: [*r, *m]\n    match: GET /c\n    x-owner: ${'`'.length}\n`;
    const { settings } = await load(text);
    expect(settings.routes.map(({ match, limits }) => [match, limits.length])).toEqual([
      ['GET /a', 0],
      ['GET /b', 0],
      ['GET /c', 1],
    ]);
    expect(settings.routes[2]?.access).toMatchObject({ requirement: { scopes: ['a:read'] } });
    expect(await problemsOf(text.replace('scope: a:read}', 'scope: "a b"}'))).toEqual([
      '1:36: "a b" is not a scope; write [a, b] for all of them, or {any: [a, b]} for one of them',
    ]);
  });

  it('are ordinary keys if the names are of the file itself', async () => {
    const text = VALID.replaceAll('api', 'x-api');
    expect((await load(text)).settings.upstreams[0]?.name).toBe('x-api');
    const headers = planted(
      'http://127.0.0.1:9001',
      '{targets: ["http://127.0.0.1:9001"], headers: {set: {x-env: a}}}',
    );
    expect((await load(headers)).settings.upstreams[0]?.headers.set).toEqual([['x-env', 'a']]);
  });
});
