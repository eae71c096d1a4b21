import { describe, expect, it } from 'vitest';
import { accessOf, onRoute, onTop, problemsOf } from './planted.js';

describe('a limit', () => {
  it.each([
    [
      '10',
      [
        '9:12: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none',
      ],
    ],
    [
      '10 per',
      [
        '9:12: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none; "10 per" is none of these',
      ],
    ],
    [
      '10 per 2 m',
      [
        '9:12: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none; "10 per 2 m" is none of these',
      ],
    ],
    [
      '10/2m',
      [
        '9:12: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none; "10/2m" is none of these',
      ],
    ],
    ['0 per 2m', ['9:12: "limit" must admit from 1 to 1000000000 requests']],
    ['99999999999 per 1m', ['9:12: "limit" must admit from 1 to 1000000000 requests']],
    ['10 per 500ms', ['9:12: "limit" must have a window from 1s to 366d']],
    ['10 per 400d', ['9:12: "limit" must have a window from 1s to 366d']],
    ['10 per soon', ['9:12: "limit" must have a window such as 30s, 2m, 1h or 1d after "per"']],
    ['[]', ['9:5: "limit" must not be an empty list']],
    [
      '[none]',
      [
        '9:13: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none; "none" is none of these',
      ],
    ],
    ['[10 per 1m, 20 per 60s]', ['9:24: two limits have the same window (1m) and by (app)']],
    [
      '[10 per 1m, {requests: 2, window: 60s, by: app}]',
      ['9:24: two limits have the same window (1m) and by (app)'],
    ],
    ['{requests: 0, window: 1m}', ['9:23: "requests" must be a whole number from 1 to 1000000000']],
    ['{requests: 1.5, window: 1m}', ['9:23: "requests" must be a whole number from 1 to 1000000000']],
    ['{requests: 1, window: 500ms}', ['9:34: "window" must be at least 1s']],
    ['{requests: 1, window: 1m, by: user}', ['9:42: "by" must be app, ip or route']],
    [
      '{requests: 1, window: 1m, share: ""}',
      ['9:45: "share" must be a name of letters, digits, "-", "_" and ".", beginning with a letter or digit'],
    ],
    ...['""', 'dé', '"a\\tb"', 'x'.repeat(65)].map((name): [string, string[]] => [
      `{requests: 1, window: 1m, name: ${name}}`,
      ['9:44: "name" must be from 1 to 64 printable ASCII characters, since header fields carry it'],
    ]),
    ['{requests: 1, window: 1m, name: 7}', ['9:44: "name" must be a text such as daily']],
    [
      '[{requests: 1, window: 1m, name: a}, {requests: 2, window: 2m, name: a}]',
      ['9:49: two limits of the route have the name "a"; give each its own'],
    ],
    ['{requests: 1}', ['9:5: missing key "window"']],
    ['{request: 1, window: 1m}', ['9:13: unknown key "request"; did you mean "requests"?']],
    [
      '{requests: 1, window: 1m, max_body: 3}',
      ['9:38: unknown key "max_body" here; it belongs in a route or in defaults'],
    ],
    ['{requests: 1, window: 1m, shadow: 1}', ['9:46: "shadow" must be true or false']],
    [
      '{requests: 1, window: 1m, share: s}\n  - {match: GET /b, upstream: api, scope: a, limit: {requests: 2, window: 1m, share: s}}',
      ['10:46: the shared limit "s" is 1 per 1m by app elsewhere; routes that share a count share its limit'],
    ],
    [
      '{requests: 1, window: 1m, share: s}\n  - {match: GET /b, upstream: api, scope: a, limit: {requests: 1, window: 2m, share: s}}',
      ['10:46: the shared limit "s" is 1 per 1m by app elsewhere; routes that share a count share its limit'],
    ],
    [
      '{requests: 1, window: 1m, share: s}\n  - {match: GET /b, upstream: api, public: true, limit: {requests: 1, window: 1m, share: s}}',
      ['10:50: the shared limit "s" is 1 per 1m by app elsewhere; routes that share a count share its limit'],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onRoute(`limit: ${written}`))).toEqual(problems);
  });

  it.each([
    'none',
    '10  per  2m',
    '[10 per 1m, {requests: 2, window: 60s, by: ip}]',
    '[10 per 1m, {requests: 2, window: 60s, share: x}]',
    '[10 per 1m, {requests: 1, window: 1d, name: \'per "day"\'}]',
    '{requests: 1, window: 1m, share: s}\n  - {match: GET /b, upstream: api, scope: a, limit: {requests: 1, window: 60s, share: s}}',
  ])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onRoute(`limit: ${written}`))).toEqual([]);
  });
});

describe('a limit of a public route', () => {
  it.each([
    [
      'public: true\n    limit: {requests: 1, window: 1m, by: app}',
      ['9:5: the limit counts by app, and a public route knows no app; use by: ip or by: route'],
    ],
    [
      'public: true\n    limit: [1 per 1m, {requests: 1, window: 1m, by: ip}]',
      ['9:23: two limits have the same window (1m) and by (ip)'],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(accessOf(written))).toEqual(problems);
  });

  it.each(['public: true\n    limit: {requests: 1, window: 1m, by: route}'])(
    'with the value %j is accepted',
    async (written) => {
      expect(await problemsOf(accessOf(written))).toEqual([]);
    },
  );
});

describe('a default limit', () => {
  it.each([
    [
      'defaults: {limit: 10}',
      [
        '1:19: "limit" must be a limit such as "10 per 2m", its long form {requests, window, by}, a list of these, or none',
      ],
    ],
    [
      'defaults: {limit: [10 per 1m, 5 per 60s]}',
      ['1:31: two limits have the same window (1m) and by (app)'],
    ],
  ])('with the value %j is refused', async (written, problems) => {
    expect(await problemsOf(onTop(written))).toEqual(problems);
  });

  it.each(['defaults: {limit: none}'])('with the value %j is accepted', async (written) => {
    expect(await problemsOf(onTop(written))).toEqual([]);
  });
});
