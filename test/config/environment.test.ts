import { describe, expect, it } from 'vitest';
import { load, onTop, planted, problemsOf, VALID } from './planted.js';

describe('the environment in a file', () => {
  it('fills in values, with a default where a variable is unset or empty', async () => {
    const text = onTop('log: {file: "/${A}-${B:-b}${C:-}.log"}');
    expect((await load(text, { A: 'a' })).settings.log.file).toBe('/a-b.log');
    expect((await load(text, { A: '', B: '', C: 'c' })).settings.log.file).toBe('/-bc.log');
  });

  it('makes numbers and booleans of plain values, as YAML does', async () => {
    const text = onTop('token_cache: ${N:-12}\nallow_semicolon: ${S}');
    const { settings } = await load(text, { S: 'true' });
    expect([settings.tokenCacheSize, settings.allowSemicolon]).toEqual([12, true]);
  });

  it('leaves a text in quotes a text', async () => {
    expect(await problemsOf(onTop('token_cache: "${N:-12}"'))).toEqual([
      '1:14: "token_cache" must be a whole number from 1 to 10000000',
    ]);
    const { settings } = await load(planted('audience: a', 'audience: "${AUD}"'), { AUD: '12' });
    expect(settings.issuers[0]?.audience).toEqual(['12']);
  });

  it('brings no keys and no lists', async () => {
    const text = planted('scope: a:read', 'scope: ${S}');
    for (const value of ['[a, b]', '{any: [a]}', 'a # b', 'a\n    public: true']) {
      expect(await problemsOf(text, { S: value })).toHaveLength(1);
    }
  });

  it('stands in quotes where YAML would take its braces for its own', async () => {
    expect(await problemsOf(onTop('log: {level: ${LEVEL:-info}}'))).toEqual([
      '1:15: a value with ${...} must be in quotes between { } or [ ]',
    ]);
    expect(await problemsOf(onTop('log: {level: "${LEVEL:-info}"}'))).toEqual([]);
  });

  it('is not read twice', async () => {
    const text = onTop('log: {file: "/${A}"}');
    expect((await load(text, { A: '${B}', B: 'b' })).settings.log.file).toBe('/${B}');
  });

  it('is not read in keys', async () => {
    expect(await problemsOf(onTop('"${A}": 1'), { A: 'log' })).toEqual(['1:1: unknown key "${A}"']);
  });

  it('may leave Redis out', async () => {
    const text = onTop('redis: ${REDIS_URL:-}');
    expect((await load(text)).settings.redis).toBeUndefined();
    expect((await load(text, { REDIS_URL: 'redis://h:1' })).settings.redis?.servers).toMatchObject({
      kind: 'single',
      address: { host: 'h', port: 1 },
    });
  });

  it('must have what the file asks for, which is told once', async () => {
    expect(await problemsOf(onTop('listen: ${NOPE}'))).toEqual([
      '1:9: the environment variable NOPE is not set; set it or give a default: ${NOPE:-default}',
    ]);
    expect(await problemsOf(VALID.replace('a:read', '[a, "${toString}"]'))).toEqual([
      '8:16: the environment variable toString is not set; set it or give a default: ${toString:-default}',
    ]);
  });

  it.each(['${1x}', '${A-b}', '${}', '${A'])('is named rightly, not as %s', async (written) => {
    expect(await problemsOf(onTop(`listen: ${written}`), { A: 'a' })).toEqual([
      `1:9: "${written}" is no variable; write \${NAME} or \${NAME:-default}`,
    ]);
  });
});
