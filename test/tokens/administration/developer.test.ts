/** What a developer may do: see and change the apps of the own organization, and grant what the own scopes cover. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NotPermittedError } from '../../../src/tokens/administration/errors.js';
import { DEVELOPER, openAdministration, type AdministeredRegistry } from './support.js';

let at: AdministeredRegistry;
beforeAll(async () => {
  at = await openAdministration();
});
afterAll(() => at.close());
beforeEach(() => {
  at.audited.length = 0;
});

const PASSWORD = 'correct horse battery staple';
const createApp = (organization: string | undefined, scopes = ['orders:read']) =>
  at.admin.createApp({ name: 'Sample', scopes, organization });
const ownApp = (scopes?: string[]) => createApp('Acme', scopes);
const nobodyChanged = () => expect(at.audited.filter(({ by }) => by === 'developer')).toEqual([]);

async function addNamedToken(app: string): Promise<string> {
  const jti = `jti-${Math.random()}`;
  const token = { jti, clientId: app, name: 'n', description: 'd', createdAtMs: Date.now() };
  await at.registry.addNamedToken({ ...token, endsAtMs: undefined, generation: 0 });
  return jti;
}

describe('a developer', () => {
  it('sees the apps of the own organization only', async () => {
    const [own, others, none] = [await ownApp(), await createApp('Globex'), await createApp(undefined)];
    const keys = (await at.developer.listApps()).map(({ key }) => key);
    expect(keys).toContain(own.key);
    expect(keys).not.toContain(others.key);
    expect(keys).not.toContain(none.key);
    expect(await at.developer.findApp(own.key)).toMatchObject({ key: own.key });
  });

  it.each([
    ['of another organization', () => createApp('Globex')],
    ['of no organization', () => createApp(undefined)],
    ['that does not exist', () => Promise.resolve({ key: 'unknown' })],
  ])('finds no app %s, whatever the operation', async (_, create) => {
    const { key } = await create();
    at.audited.length = 0;
    const { developer } = at;
    expect(await developer.findApp(key)).toBeUndefined();
    expect(await developer.updateApp(key, { name: 'Mine' })).toBeUndefined();
    expect(await developer.updateApp(key, { organization: 'Acme' })).toBeUndefined();
    // Not even an error shows that there is such an app.
    expect(await developer.updateApp(key, { scopes: ['admin:*'] })).toBeUndefined();
    expect(await developer.rotateSecret(key)).toBeUndefined();
    expect(await developer.deleteApp(key)).toBe(false);
    expect(await developer.listNamedTokens(key)).toBeUndefined();
    expect(await developer.revocations.revoke({ app: key })).toBeUndefined();
    nobodyChanged();
  });

  it('creates apps in the own organization, as their owner, with scopes that the own scopes cover', async () => {
    const app = await at.developer.createApp({ name: 'Mine', scopes: ['orders:read', 'files:read'] });
    const owner = { uid: 'ada', uname: 'ada', uavatar: '' };
    expect(app).toMatchObject({ organization: 'Acme', owner, scopes: ['orders:read', 'files:read'] });
    expect(at.audited).toEqual([
      { by: 'developer', actor: 'ada', client_ip: '192.0.2.1', action: 'app_created', app: app.key },
    ]);
  });

  it.each([
    ['another organization', { name: 'x', scopes: ['orders:read'], organization: 'Globex' }],
    ['a scope that the own scopes do not cover', { name: 'x', scopes: ['orders:read', 'files:write'] }],
    ['a wider scope', { name: 'x', scopes: ['files:*'] }],
    ['every scope', { name: 'x', scopes: ['*'] }],
    [
      'another owner',
      { name: 'x', scopes: ['orders:read'], owner: { uid: '1', uname: 'root', uavatar: '' } },
    ],
  ])('creates no app with %s', async (_, request) => {
    const before = await at.admin.listApps();
    await expect(at.developer.createApp(request)).rejects.toThrow(NotPermittedError);
    expect(await at.admin.listApps()).toEqual(before);
    nobodyChanged();
  });

  it('changes the name and the scopes of an own app', async () => {
    const { key } = await ownApp(['orders:*', 'files:read']);
    const changed = await at.developer.updateApp(key, { name: 'Renamed', scopes: ['orders:read'] });
    expect(changed).toMatchObject({ name: 'Renamed', scopes: ['orders:read'], tokens_revoked: true });
    expect(at.audited.at(-1)).toEqual({
      by: 'developer',
      actor: 'ada',
      client_ip: '192.0.2.1',
      action: 'app_changed',
      app: key,
      fields: ['name', 'scopes'],
      tokens_revoked: true,
    });
  });

  it.each([
    [
      'gives it a scope that the own scopes do not cover',
      ['orders:read'],
      { scopes: ['orders:read', 'admin'] },
    ],
    ['widens its scope beyond the own', ['files:read'], { scopes: ['files:*'] }],
    [
      'confirms scopes that it has beyond the own',
      ['orders:read', 'admin'],
      { scopes: ['orders:read', 'admin'] },
    ],
    ['adds a scope to those beyond the own', ['admin'], { scopes: ['admin', 'orders:read'] }],
    ['moves it to another organization', ['orders:read'], { organization: 'Globex' }],
    ['moves it to no organization', ['orders:read'], { organization: null }],
  ])('never %s', async (_, scopes, patch) => {
    const { key } = await ownApp(scopes);
    const before = await at.admin.findApp(key);
    await expect(at.developer.updateApp(key, patch)).rejects.toThrow(NotPermittedError);
    expect(await at.admin.findApp(key)).toEqual(before);
    nobodyChanged();
  });

  it('may take away scopes that are beyond the own, rename such an app, and delete it', async () => {
    const { key } = await ownApp(['orders:read', 'admin']);
    expect(await at.developer.updateApp(key, { name: 'Renamed', organization: 'Acme' })).toMatchObject({
      scopes: ['orders:read', 'admin'],
      tokens_revoked: false,
    });
    expect(await at.developer.updateApp(key, { scopes: ['orders:read'] })).toMatchObject({
      tokens_revoked: true,
    });
    expect(await at.developer.deleteApp(key)).toBe(true);
  });

  it('gets no new secret of an app with scopes beyond the own, since it would get those scopes', async () => {
    const wide = await ownApp(['orders:read', 'admin']);
    await expect(at.developer.rotateSecret(wide.key)).rejects.toThrow('do not cover "admin"');
    const stored = await at.registry.findApp(wide.key);
    expect(stored?.previousSecret).toBeUndefined();
    nobodyChanged();
    const own = await ownApp();
    expect(await at.developer.rotateSecret(own.key, '1h')).toMatchObject({ key: own.key });
    expect(at.audited.at(-1)).toMatchObject({ by: 'developer', actor: 'ada', action: 'app_secret_rotated' });
  });

  it('sees the named tokens of own apps only', async () => {
    const [own, others] = [await ownApp(), await createApp('Globex')];
    const jti = await addNamedToken(own.key);
    const hidden = await addNamedToken(others.key);
    expect(await at.developer.listNamedTokens(own.key)).toMatchObject([{ jti }]);
    const all = (await at.developer.listNamedTokens())!.map((token) => token.jti);
    expect(all).toContain(jti);
    expect(all).not.toContain(hidden);
  });

  it('revokes own apps and their named tokens, and sees these revocations only', async () => {
    const [own, others] = [await ownApp(), await createApp('Globex')];
    const [jti, hidden] = [await addNamedToken(own.key), await addNamedToken(others.key)];
    const { revocations } = at.developer;
    expect(await revocations.revoke({ token: hidden })).toBeUndefined();
    expect(await revocations.revoke({ token: jti })).toMatchObject({ subject: jti, issuer: 'named' });
    expect(await revocations.revoke({ app: own.key, issuer: 'tokens' })).toMatchObject({ subject: own.key });
    for (const request of [
      { app: others.key },
      { token: hidden },
      { token: 'any', issuer: 'outside' },
      { token: 'any', issuer: 'tokens' },
      { app: own.key, issuer: 'outside' },
    ])
      await at.admin.revocations.revoke(request);
    const subjects = (await revocations.list()).map(({ subject, issuer }) => `${subject} ${issuer}`);
    expect(subjects).toContain(`${jti} named`);
    expect(subjects).toContain(`${own.key} tokens`);
    for (const other of [others.key, hidden, 'any', 'outside'])
      expect(subjects.join('\n')).not.toContain(other);
    expect(at.audited.filter(({ by }) => by === 'developer')).toMatchObject([
      { actor: 'ada', action: 'token_revoked', token: jti },
      { actor: 'ada', action: 'app_revoked', app: own.key },
    ]);
  });

  it('revokes nothing at other issuers, and no token of which the registry has no owner', async () => {
    const { key } = await ownApp();
    const { revocations } = at.developer;
    at.audited.length = 0;
    for (const request of [
      { app: key, issuer: 'outside' },
      { token: 'any', issuer: 'outside' },
      { token: 'any', issuer: 'tokens' },
    ])
      await expect(revocations.revoke(request)).rejects.toThrow(NotPermittedError);
    nobodyChanged();
  });

  it('does not undo a revocation: it may be the administrator’s', async () => {
    const { key } = await ownApp();
    const { id } = (await at.admin.revocations.revoke({ app: key }))!;
    await expect(at.developer.revocations.undo(id)).rejects.toThrow(NotPermittedError);
    expect(await at.admin.revocations.undo(id)).toBe(true);
  });

  it.each([
    ['list users', () => at.developer.listUsers()],
    ['add users', () => at.developer.addUser('eve', PASSWORD, ['*'], 'Acme')],
    ['delete users', () => at.developer.deleteUser('ada')],
    ['list cooldowns', () => at.developer.listCooldowns()],
    ['end cooldowns', () => at.developer.endCooldown('pair-x')],
  ])('may not %s', async (what, operate) => {
    at.audited.length = 0;
    await expect(operate()).rejects.toThrow(`only an administrator may ${what}`);
    expect(at.audited).toEqual([]);
  });

  it('without an organization sees no app, and creates none', async () => {
    const { key } = await createApp(undefined);
    const lonely = at.as({ ...DEVELOPER, organization: undefined });
    expect(await lonely.listApps()).toEqual([]);
    expect(await lonely.findApp(key)).toBeUndefined();
    expect(await lonely.listNamedTokens()).toEqual([]);
    expect(await lonely.revocations.list()).toEqual([]);
    for (const organization of [undefined, 'Acme'])
      await expect(lonely.createApp({ name: 'x', scopes: ['orders:read'], organization })).rejects.toThrow(
        'you belong to no organization',
      );
  });
});
