import { describe, expect, it } from 'vitest';
import { load, matchOf, onTop, problemsOf } from './planted.js';

const TOKENS = 'tokens: {issuer: "https://gate.example", audience: gate, endpoints: {key_secret: {}}}';

describe('limit_status', () => {
  it.each(['limits', '/', '/a/', '/a//b', '/a/../b', '/a%41', '/{id}', '7', '[/a]'])(
    'with the value %s is refused',
    async (value) => {
      expect(await problemsOf(onTop(`limit_status: ${value}`))).toEqual([
        expect.stringMatching(/^1:\d+: "limit_status" must be a path /),
      ]);
    },
  );

  it.each(['GET /a', 'POST /a', '* /a'])('is refused with a route that has its path: %s', async (match) => {
    expect(await problemsOf(`limit_status: /a\n${matchOf(`"${match}"`)}`)).toEqual([
      '7:12: the path is that of limit_status, so the route is never reached',
    ]);
  });

  it.each([
    ['/auth/token', 'the token endpoint key_secret'],
    ['/Auth/Token', 'the token endpoint key_secret'],
    ['/.well-known/jwks.json', 'the token service'],
  ])('is refused with the path %s of the token service', async (path, owner) => {
    expect(await problemsOf(onTop(`limit_status: ${path}\n${TOKENS}`))).toContain(
      `1:15: ${path} is the path of ${owner} already`,
    );
  });

  it.each(['* /{path**}', 'GET /{x}', 'GET /A', 'GET /a/'])('is accepted beside %s', async (match) => {
    expect(await problemsOf(`limit_status: /a\n${matchOf(`"${match}"`)}`)).toEqual([]);
  });

  it('is absent by default', async () => {
    expect((await load(onTop('limit_status: /limits'))).settings.limitStatus).toBe('/limits');
    expect((await load(matchOf('GET /a'))).settings.limitStatus).toBeUndefined();
  });
});
