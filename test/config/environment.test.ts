import { describe, expect, it } from 'vitest';
import { accessOf, load, onTop, planted, problemsOf, VALID } from './planted.js';

describe('the environment in a file', () => {
  it('provides values, with a default if a variable is unset or empty', async () => {
    const text = onTop('log: {file: "/${A}-${B:-b}${C:-}.log"}');
    expect((await load(text, { A: 'a' })).settings.log.file).toBe('/a-b.log');
    expect((await load(text, { A: '', B: '', C: 'c' })).settings.log.file).toBe('/-bc.log');
  });

  it.each([
    ['plain', '${N:-12}', '${S}'],
    ['in quotes', '"${N:-12}"', "'${S}'"],
    ['in a block', '>-\n  ${N:-12}', '|-\n  ${S}'],
  ])('has the type that its key needs, %s', async (_style, number, flag) => {
    const text = onTop(`token_cache: ${number}\nallow_semicolon: ${flag}`);
    const { settings } = await load(text, { S: 'true' });
    expect([settings.tokenCacheSize, settings.allowSemicolon]).toEqual([12, true]);
  });

  it.each(['12345', 'true', '1e3', 'null'])('stays the text %s if its key takes a text', async (value) => {
    for (const written of ['${AUD}', '"${AUD}"', "'${AUD}'"]) {
      const { settings } = await load(planted('audience: a', `audience: ${written}`), { AUD: value });
      expect(settings.issuers[0]?.audience).toEqual([value]);
    }
    const redis = onTop('redis: {cluster: ["127.0.0.1:1"], username: ${PW}, password: ${PW}}');
    expect((await load(redis, { PW: value })).settings.redis?.servers).toMatchObject({ kind: 'cluster' });
  });

  it.each(['false', 'False', 'FALSE'])('disables no check: %s', async (value) => {
    for (const written of ['${OFF}', '"${OFF}"', '${UNSET:-false}']) {
      const texts = [
        planted('audience: a', `audience: ${written}`),
        planted('issuer: "https://i.example"', `issuer: ${written}`),
        onTop(`jwks_cache: ${written}`),
        onTop(`revocation_cache: ${written}`),
      ];
      for (const text of texts) {
        const problems = await problemsOf(text, { OFF: value });
        expect(problems).toHaveLength(1);
        expect(problems[0]).toMatch(/write false itself if that is meant/);
      }
    }
    for (const key of ['audience: a', 'issuer: "https://i.example"']) {
      const empty = planted(key, `${key.split(':')[0]!}: "\${OFF}"`);
      expect(await problemsOf(empty, { OFF: '' })).toHaveLength(1);
    }
  });

  it('does not open a route to every token: scope is not none', async () => {
    for (const written of ['${SC}', '"${SC}"', '${UNSET:-none}', 'no${REST}']) {
      expect(await problemsOf(accessOf(`scope: ${written}`), { SC: 'none', REST: 'ne' })).toEqual([
        `8:12: ${written.replaceAll('"', '')} expands to "none", which is no text here but disables something; write none itself if that is meant`,
      ]);
    }
    const scopesOf = async (text: string) =>
      (await load(accessOf(text), { SC: 'none' })).settings.routes[0]?.access;
    expect(await scopesOf('scope: ["${SC}"]')).toMatchObject({ requirement: { scopes: ['none'] } });
    expect(await scopesOf('scope: none')).toMatchObject({ requirement: { scopes: [] } });
    expect(await scopesOf('scope: none\n    limit: "${SC}"')).toMatchObject({ requirement: { scopes: [] } });
  });

  it('is expanded between { } and [ ] without quotes, and the places after it are right', async () => {
    const text = onTop('listen: {host: ${HOST:-127.0.0.1}, port: ${P}}\nlog: {level: ${LEVEL:-info}}');
    expect((await load(text, { P: '0' })).settings.listen).toMatchObject({ host: '127.0.0.1', port: 0 });
    const scopes = planted('scope: a:read', 'scope: [${A:-a, b}, ${B}]');
    expect(await problemsOf(scopes, { B: 'b' })).toEqual([
      '8:13: "a, b" is no scope; use visible ASCII characters without spaces, quotes and "\\"',
    ]);
    expect(await problemsOf(onTop('log: {file: ${A:-x}, level: loud}'))).toEqual([
      '1:29: "level" must be debug, info, warn, error or silent',
    ]);
    expect(await problemsOf(onTop('listen: {port: ${P}, host: a}'), { P: 'many' })).toEqual([
      '1:16: "port" must be a whole number from 0 to 65535',
    ]);
  });

  it('provides no keys and no lists', async () => {
    const text = planted('scope: a:read', 'scope: ${S}');
    for (const value of ['[a, b]', '{any: [a]}', 'a # b', 'a\n    public: true']) {
      expect(await problemsOf(text, { S: value })).toHaveLength(1);
    }
  });

  it('is not expanded twice', async () => {
    const text = onTop('log: {file: "/${A}"}');
    expect((await load(text, { A: '${B}', B: 'b' })).settings.log.file).toBe('/${B}');
  });

  it('is not expanded in keys', async () => {
    expect(await problemsOf(onTop('"${A}": 1'), { A: 'log' })).toEqual(['1:1: unknown key "${A}"']);
  });

  it('may omit Redis', async () => {
    const text = onTop('redis: ${REDIS_URL:-}');
    expect((await load(text)).settings.redis).toBeUndefined();
    expect((await load(text, { REDIS_URL: 'redis://h:1' })).settings.redis?.servers).toMatchObject({
      kind: 'single',
      address: { host: 'h', port: 1 },
    });
  });

  it('must have what the file needs, which is reported once', async () => {
    expect(await problemsOf(onTop('listen: ${NOPE}'))).toEqual([
      '1:9: the environment variable NOPE is not set; set it or give a default: ${NOPE:-default}',
    ]);
    expect(await problemsOf(VALID.replace('a:read', '[a, "${toString}"]'))).toEqual([
      '8:16: the environment variable toString is not set; set it or give a default: ${toString:-default}',
    ]);
  });

  it.each(['${1x}', '${A-b}', '${}', '${A'])('must be named correctly, not as %s', async (written) => {
    expect(await problemsOf(onTop(`listen: ${written}`), { A: 'a' })).toEqual([
      `1:9: "${written}" is no variable; write \${NAME} or \${NAME:-default}`,
    ]);
  });
});
