/** What an administrator does with apps, users, revocations and cooldowns, without a gateway. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openAdministration, type AdministeredRegistry } from './support.js';

let at: AdministeredRegistry;
beforeAll(async () => {
  at = await openAdministration();
});
afterAll(() => at.close());
beforeEach(() => {
  at.audited.length = 0;
});

const PASSWORD = 'correct horse battery staple';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
const createApp = (scopes = ['orders:*', 'files:read'], organization = 'Acme') =>
  at.admin.createApp({ name: 'Sample', scopes, organization });

describe('a change of an app', () => {
  it.each([
    ['of the name alone keeps its tokens', { name: 'Renamed' }, false],
    ['to the same scopes in another order keeps them', { scopes: ['files:read', 'orders:*'] }, false],
    ['to wider scopes keeps them', { scopes: ['orders:*', 'files:*', 'more'] }, false],
    ['to the same organization keeps them', { organization: 'Acme' }, false],
    ['that drops a scope ends them', { scopes: ['orders:*'] }, true],
    ['that narrows a scope ends them', { scopes: ['orders:read', 'files:read'] }, true],
    ['that exchanges a scope ends them', { scopes: ['orders:*', 'other'] }, true],
    ['to another organization ends them', { organization: 'Globex' }, true],
    ['to no organization ends them', { organization: null }, true],
  ])('%s', async (_, patch, tokens_revoked) => {
    const { key } = await createApp();
    const changed = await at.admin.updateApp(key, patch);
    expect(changed).toMatchObject({ key, tokens_revoked });
    expect({ ...(await at.admin.findApp(key)), tokens_revoked }).toEqual(changed);
    const refused = (await at.admin.revocations.list()).filter(({ subject }) => subject === key);
    expect(refused.map(({ issuer }) => issuer).sort()).toEqual(tokens_revoked ? ['named', 'tokens'] : []);
    for (const one of refused) expect(one).toMatchObject({ cause: 'changed', generation: 0 });
    const fields = Object.keys(patch);
    expect(at.audited.at(-1)).toEqual({
      by: 'admin',
      client_ip: '192.0.2.1',
      action: 'app_changed',
      app: key,
      fields,
      tokens_revoked,
    });
  });

  it.each([
    ['nothing to change', {}, 'give a name, scopes or an organization'],
    ['an empty name', { name: ' ' }, 'the name must have at least one character'],
    ['no scope', { scopes: [] }, 'at least one scope'],
    ['a scope that is none', { scopes: ['a b'] }, '"a b" is no scope'],
    ['an empty organization', { organization: '' }, 'the organization must have at least one character'],
  ])('is refused with %s', async (_, patch, message) => {
    const { key } = await createApp();
    const view = await at.admin.findApp(key);
    await expect(at.admin.updateApp(key, patch)).rejects.toThrow(message);
    expect(await at.admin.findApp(key)).toEqual(view);
  });
});

describe('a rotation', () => {
  it('tells until when the old secret is accepted', async () => {
    const { key } = await createApp();
    const before = Date.now();
    const rotated = (await at.admin.rotateSecret(key, '1h'))!;
    const untilMs = Date.parse(rotated.previous_secret_until!);
    expect(untilMs).toBeGreaterThanOrEqual(before + 3_600_000);
    expect(untilMs).toBeLessThanOrEqual(Date.now() + 3_600_000);
    const { previous_secret_until } = rotated;
    expect(await at.admin.findApp(key)).toMatchObject({ previous_secret_until });
    expect(await at.admin.rotateSecret(key)).not.toHaveProperty('previous_secret_until');
    expect(await at.admin.findApp(key)).not.toHaveProperty('previous_secret_until');
  });

  it.each(['31d', '721h', 'an hour', '-1h', '', '1', '1.5h'])('has no overlap of "%s"', async (overlap) => {
    const { key } = await createApp();
    await expect(at.admin.rotateSecret(key, overlap)).rejects.toThrow('a duration of at most 30d');
  });

  it.each(['30d', '720h', '0s'])('has an overlap of "%s"', async (overlap) => {
    const { key } = await createApp();
    expect(await at.admin.rotateSecret(key, overlap)).toMatchObject({ key });
  });
});

describe('a revocation', () => {
  it('is listed, the newest first, and undone by its id', async () => {
    const { key } = await createApp();
    const made = (await at.admin.revocations.revoke({ app: key, issuer: 'outside' }))!;
    expect(made).toEqual({
      id: made.id,
      kind: 'app',
      subject: key,
      issuer: 'outside',
      cause: 'revoked',
      revoked: TIME,
    });
    expect(made.id).toMatch(/^[\w-]+$/);
    expect(await at.admin.revocations.list()).toContainEqual(made);
    expect(await at.admin.revocations.undo(made.id)).toBe(true);
    expect(await at.admin.revocations.list()).not.toContainEqual(made);
    expect(await at.admin.revocations.undo(made.id)).toBe(false);
    expect(at.audited.slice(-2)).toMatchObject([
      { action: 'app_revoked', app: key, issuer: 'outside' },
      { action: 'app_restored', app: key, issuer: 'outside' },
    ]);
  });

  it('of a token, by a deletion or by a change is not undone', async () => {
    const [changed, deleted] = [await createApp(), await createApp()];
    await at.admin.updateApp(changed.key, { scopes: ['files:read'] });
    await at.admin.deleteApp(deleted.key);
    await at.admin.revocations.revoke({ token: 'token-1', issuer: 'outside' });
    const all = await at.admin.revocations.list();
    for (const subject of [changed.key, deleted.key, 'token-1']) {
      const { id } = all.find((one) => one.subject === subject)!;
      await expect(at.admin.revocations.undo(id)).rejects.toThrow('only the revocation of an app');
    }
    expect(await at.admin.revocations.list()).toEqual(all);
  });
});

describe('a user', () => {
  it('is added, listed without the password, and deleted', async () => {
    const user = await at.admin.addUser('grace', PASSWORD, ['orders:read'], 'Acme');
    const view = { name: 'grace', scopes: ['orders:read'], organization: 'Acme', created: TIME };
    expect(user).toEqual(view);
    expect(await at.admin.listUsers()).toEqual([view]);
    expect(await at.admin.deleteUser('grace')).toBe(true);
    expect(await at.admin.deleteUser('grace')).toBe(false);
    expect(at.audited).toMatchObject([{ action: 'user_created' }, { action: 'user_deleted' }]);
  });

  it.each([
    ['a short password', 'eve', 'short', [], undefined, 'at least 8 characters'],
    ['an empty name', ' ', PASSWORD, [], undefined, 'the name must have at least one character'],
    ['a scope that is none', 'eve', PASSWORD, ['a b'], undefined, '"a b" is no scope'],
    ['an empty organization', 'eve', PASSWORD, [], '', 'the organization must have at least one character'],
  ])('is not added with %s', async (_, name, password, scopes, organization, message) => {
    await expect(at.admin.addUser(name, password, scopes, organization)).rejects.toThrow(message);
    expect(await at.admin.listUsers()).toEqual([]);
    expect(at.audited).toEqual([]);
  });
});

it('A cooldown is listed with the app or the user whose id was used, never with an unknown id', async () => {
  const { key } = await createApp();
  await at.admin.addUser('edsger', PASSWORD, []);
  const wrong = () => Promise.resolve(undefined);
  for (const [endpoint, id] of [
    ['key_secret', key],
    ['password', 'edsger'],
    ['key_secret', 'a-secret-in-the-wrong-place'],
  ] as const)
    for (let i = 0; i < 2; i++) await at.attempts.guard({ endpoint, id, address: '192.0.2.1' }, wrong);
  const listed = await at.admin.listCooldowns();
  const common = { id: expect.any(String) as string, kind: 'pair', network: '192.0.2.1', until: TIME };
  const client_id_hash = expect.any(String) as string;
  expect(listed).toHaveLength(3);
  expect(listed).toContainEqual({ ...common, endpoint: 'key_secret', app: key, client_id_hash });
  expect(listed).toContainEqual({ ...common, endpoint: 'password', user: 'edsger', client_id_hash });
  expect(listed).toContainEqual({ ...common, endpoint: 'key_secret', client_id_hash });
  expect(JSON.stringify(listed)).not.toContain('a-secret');
  const { id } = listed.find(({ app }) => app === key)!;
  expect(await at.admin.endCooldown(id)).toBe(true);
  expect(await at.admin.endCooldown(id)).toBe(false);
  expect(await at.admin.listCooldowns()).toHaveLength(2);
  expect(at.audited.at(-1)).toMatchObject({ action: 'cooldown_ended', cooldown: id });
});
