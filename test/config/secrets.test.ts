/** Error messages contain no credential of the file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/config.js';
import { hideSecrets } from '../../src/config/secrets.js';
import { onTop, VALID } from './planted.js';

/** All text that is shown to a person. */
async function told(text: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  try {
    await loadConfig(file, {});
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message, ...error.problems.flatMap((each) => each.toLines())].join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const SECRET = 'hunter2';

describe('an error on a line with a credential', () => {
  it.each([
    'redis: {url: "redis://h:1", password: "a hunter2,b", timeout: 5x}',
    "redis: {url: 'redis://h:1', 'password': 'it''s hunter2', timeout: 5x}",
    'redis: {url: "redis://h:1", password: a hunter2, timeout: 5x}',
    'redis: {url: "redis://h:1", password: "${PW:-hunter2}", timeout: 5x}',
    'redis: {url: "redis://h:1", sentinel_password: a"hunter2, timeout: 5x}',
    'redis: {url: "redis://user:hunter2@h:1", timeout: 5x}',
    'redis: user:hunter2@h:1',
    'redis: redis://:hunter2/x#y@h:1',
    'redis: unix:///a?password=hunter2&db=x',
    'redis: {url: "redis://h:1", pasword: hunter2, password: hunter2}',
    'redis:\n  password: @hunter2',
    'redis:\n  password: *hunter2',
    'redis:\n  password: !hunter2',
    'redis:\n  password: %hunter2',
    'redis:\n  password: "hunter2',
    'redis:\n  password: a: hunter2',
    'redis:\n  password: hunter2\n  password: hunter2',
    'tokens: {key_encryption_key: hunter2}',
  ])('is reported without it: %s', async (line) => {
    const text = await told(onTop(line));
    expect(text).not.toBe('');
    // A misspelt key is not known to have a credential.
    expect(text.replace(/pasword: \S+/g, '')).not.toContain(SECRET);
  });

  it.each([
    'headers: {set: {Authorization: "Bearer hunter2", X-Api-Key: hunter2, X-Upstream-Token: hunter2}, remove: 5}',
    'headers: {set: {authorization: Basic hunter2, Cookie: "a=hunter2; b=hunter2"}, remove: 5}',
  ])('is reported without it in fields: %s', async (headers) => {
    const text = VALID.replace('http://127.0.0.1:9001', `{targets: ["http://h"], ${headers}}`);
    expect(text).not.toBe(VALID);
    const words = await told(text);
    expect(words).toContain('remove');
    expect(words).not.toContain(SECRET);
  });

  it.each([
    'secrt: hunter2',
    'secrt: "a hunter2"',
    'x: {y: [hunter2]}',
    'secret_: |\n      hunter2\n      hunter2',
    'headers: X-Api-Key hunter2',
    'headers: [X-Api-Key hunter2]',
    'headers: {X-Tenant: hunter2, X-Empty: ""}',
    'headers: {"X Tenant": hunter2}',
    'headers:\n      X Tenant: hunter2',
    'headers: {X-Tenant: "a\\nhunter2"}',
    'headers: {X-Tenant: "${A:-hunter2}", X-Other: ""}',
    'headers: &h {"X Tenant": hunter2}',
  ])('is reported without it in an issuer, under an unknown key or in header fields: %s', async (lines) => {
    const issuer = `\n    issuer: https://i.example\n    audience: a\n    ${lines}`;
    const text = VALID.replace(/(main:) \{.*\}/, (_, name: string) => `${name}${issuer}`);
    const words = await told(text);
    expect(words).not.toBe('');
    expect(words).not.toContain(SECRET);
    const merged = `x-base: &base\n    audience: a\n    ${lines}\n${VALID.replace('{issuer', '{<<: *base, issuer')}`;
    const mergedWords = await told(merged);
    expect(mergedWords).not.toBe('');
    expect(mergedWords).not.toContain(SECRET);
  });

  it.each([
    'headers: {X-Tenant: hunter2, X-Empty: ""}',
    'headers: {"X Tenant": hunter2}',
    'header: {A: hunter2}',
  ])('is reported without it in tracing: %s', async (keys) => {
    const words = await told(onTop(`tracing: {otlp: "http://127.0.0.1:4318", ${keys}}`));
    expect(words).not.toBe('');
    expect(words).not.toContain(SECRET);
  });

  it('is shown with the rest of the line', async () => {
    const words = await told(VALID.replace('audience: a', 'audience: a, secrt: hunter2, clock_skew: 5x'));
    expect(words).toContain('audience: a, secrt: *******, clock_skew: 5x');
  });

  it('is reported without private members of a JWK', async () => {
    const key = '{"kty":"RSA","n":"AQAB","e":"AQAB","d":"hunter2", "p": "hunter2", qi: hunter2, k: hunter2}';
    const words = await told(VALID.replace('"https://i.example/jwks"', `{keys: [${key}]}`));
    expect(words).toContain('"e":"AQAB"');
    expect(words).not.toContain(SECRET);
  });
});

describe('a text without a credential', () => {
  it.each([
    'forward_authorization: yes',
    'token_types: [JOSE]',
    'password: {path: /token, lifetime: 1h}',
    'key_secret: {path: /auth/token}',
    'tls: {cert: a.pem, key: b.pem}',
    'password: ${PW}',
    'match: GET /a:b/{id}',
    'issuer: tokens',
  ])('is shown: %s', (line) => {
    expect(hideSecrets(line)).toBe(line);
  });
});
