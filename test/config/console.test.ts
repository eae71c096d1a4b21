/** `console` in the file: its defaults, its own address, and what is refused. */
import { describe, expect, it } from 'vitest';
import { load, onTop, problemsOf } from './planted.js';

describe('console', () => {
  it('is on by default, at the admin port', async () => {
    const { settings } = await load(onTop(''));
    expect(settings.console).toEqual({ listen: undefined, prefix: '/console', name: 'Tollgate' });
  });

  it('can have an address, a prefix and a name, or be switched off', async () => {
    const written = 'console: {listen: "127.0.0.1:8082", prefix: /ops/gate, name: Staging}';
    expect((await load(onTop(written))).settings.console).toEqual({
      listen: { host: '127.0.0.1', port: 8082, tls: undefined },
      prefix: '/ops/gate',
      name: 'Staging',
    });
    expect((await load(onTop('console: false'))).settings.console).toBeUndefined();
  });

  it.each([
    ['console: true', /"console" must be \{listen, prefix, name\}, or false/],
    ['console: {prefx: /a}', /unknown key "prefx"; did you mean "prefix"\?/],
    ['console: {prefix: console}', /"prefix" must be a path /],
    ['console: {prefix: /}', /"prefix" must be a path /],
    ['console: {prefix: /a/../b}', /"prefix" must be a path /],
    ['console: {prefix: /api}', /"prefix" must not be below \/api, /],
    ['console: {prefix: /api/console}', /"prefix" must not be below \/api, /],
    ['console: {name: ""}', /"name" must not be empty/],
    ['console: {name: "a\\nb"}', /"name" must be at most 64 characters, in one line/],
    ['console: {listen: "127.0.0.1:8080"}', /"console.listen" and "listen" have one address \(port 8080\)/],
    ['console: {listen: "localhost:8081"}', /"console.listen" and "admin" have one address .*; without /],
  ])('%s is refused', async (written, problem) => {
    expect(await problemsOf(onTop(written))).toEqual([expect.stringMatching(problem)]);
  });
});
