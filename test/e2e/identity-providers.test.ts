/** Tokens of four identity providers in one gateway, with more settings than docs/issuers.md has: tenants, clients, versions. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { createSigningKey, createTestIssuer, type Claims, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

let upstream: EchoUpstream;
let issuers: Record<'keycloak' | 'cognito' | 'zitadel' | 'entra', TestIssuer>;
let gate: TestGate;

const ROLES = 'urn:zitadel:iam:org:project:roles';

beforeAll(async () => {
  const key = createSigningKey();
  const [keycloak, cognito, zitadel, entra] = await Promise.all(
    Array.from({ length: 4 }, () => createTestIssuer({ key })),
  );
  issuers = { keycloak: keycloak!, cognito: cognito!, zitadel: zitadel!, entra: entra! };
  upstream = await startEchoUpstream();
  const keysOf = ({ iss, jwksUrl }: TestIssuer) => ({ issuer: iss, jwks: jwksUrl, grants: ['*'] });
  gate = await startGate({
    issuers: {
      keycloak: {
        ...keysOf(issuers.keycloak),
        audience: 'api',
        claims: {
          app: { first: ['azp', 'client_id'] },
          scope: { union: ['scope', ['realm_access', 'roles']] },
        },
        require: [{ claim: 'typ', is: 'Bearer' }],
      },
      cognito: {
        ...keysOf(issuers.cognito),
        audience: { claim: 'client_id', any: ['abc', 'def'] },
        claims: { app: 'client_id' },
        require: [{ claim: 'token_use', is: 'access' }],
      },
      zitadel: { ...keysOf(issuers.zitadel), audience: 'project', claims: { scope: ROLES } },
      entra: {
        ...keysOf(issuers.entra),
        audience: 'api://orders',
        claims: { app: { first: ['azp', 'appid'] }, scope: { union: ['scp', 'roles'] } },
        require: [
          { claim: 'tid', is: ['tenant-1', 'tenant-2'] },
          { claim: 'ver', is: '2.0' },
        ],
      },
    },
    upstreams: { echo: upstream.origin },
    routes: [{ match: 'GET /orders', upstream: 'echo', scope: 'orders', limit: 'none' }],
  });
});

afterAll(async () => {
  await Promise.all([gate.stop(), upstream.close(), ...Object.values(issuers).map((each) => each.close())]);
});

async function show(from: keyof typeof issuers, claims: Claims): Promise<string> {
  const authorization = `Bearer ${issuers[from].sign(claims)}`;
  const response = await fetch(`${gate.url}/orders`, { headers: { authorization } });
  const { rawHeaders = [] } = (await response.json()) as Partial<Echo>;
  const challenge = response.headers.get('www-authenticate') ?? '';
  return response.status === 200
    ? `200 for ${rawHeaders[rawHeaders.indexOf('X-App-Id') + 1]}`
    : `${response.status} ${/error_description="(.*?)"/.exec(challenge)?.[1] ?? /error="(.*?)"/.exec(challenge)?.[1]}`;
}

const REQUIRED = '401 The token lacks a claim that its issuer must give it';

describe('A token of', () => {
  it('Keycloak has its client in azp, and its realm roles beside its scopes', async () => {
    const token = { aud: ['account', 'api'], azp: 'shop', typ: 'Bearer', scope: 'openid profile' };
    const roles = { realm_access: { roles: ['offline_access', 'orders'] } };
    expect(await show('keycloak', { ...token, ...roles })).toBe('200 for shop');
    expect(await show('keycloak', { ...token, scope: 'orders' })).toBe('200 for shop');
    expect(await show('keycloak', token)).toBe('403 insufficient_scope');
    expect(await show('keycloak', { ...token, ...roles, typ: 'ID' })).toBe(REQUIRED);
    expect(await show('keycloak', { ...token, ...roles, aud: 'account' })).toBe(
      '401 The token is for another audience',
    );
  });

  it('Cognito has no aud; its client id is compared, and its ID tokens are refused', async () => {
    const token = { aud: undefined, client_id: 'abc', token_use: 'access', scope: 'orders' };
    expect(await show('cognito', token)).toBe('200 for abc');
    expect(await show('cognito', { ...token, client_id: 'xyz' })).toBe(
      '401 The token is for another audience',
    );
    expect(await show('cognito', { ...token, token_use: 'id' })).toBe(REQUIRED);
    expect(await show('cognito', { ...token, aud: 'abc', client_id: undefined, token_use: 'id' })).toBe(
      '401 The token is for another audience',
    );
  });

  it('Zitadel has its roles as the keys of an object', async () => {
    const token = { aud: ['project'], sub: 'machine-1' };
    expect(await show('zitadel', { ...token, [ROLES]: { orders: { 1: 'a.example' } } })).toBe(
      '200 for machine-1',
    );
    expect(await show('zitadel', { ...token, [ROLES]: { admin: { 1: 'a.example' } } })).toBe(
      '403 insufficient_scope',
    );
  });

  it('Entra has scopes of users and roles of apps; other tenants are refused', async () => {
    const token = { aud: 'api://orders', tid: 'tenant-2', ver: '2.0' };
    expect(await show('entra', { ...token, azp: 'web', scp: 'orders profile' })).toBe('200 for web');
    expect(await show('entra', { ...token, appid: 'job', roles: ['orders'] })).toBe('200 for job');
    expect(await show('entra', { ...token, azp: 'web', scp: 'orders', tid: 'tenant-3' })).toBe(REQUIRED);
    expect(await show('entra', { ...token, azp: 'web', scp: 'orders', ver: undefined })).toBe(REQUIRED);
  });
});
