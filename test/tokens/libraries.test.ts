/** Third-party clients from npm against the service. */
import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, read, startTokenService, type TestService } from './support.js';

/**
 * Both require https except for loopback in tests; the option for that is marked deprecated, to stand out.
 */
const NAME = 'allowInsecureRequests';
const allowHttp: (config: client.Configuration) => void = Reflect.get(client, NAME);
const ALLOW_HTTP: symbol = Reflect.get(oauth, NAME);
const insecure = { [ALLOW_HTTP]: true };

let service: TestService;
let app: Awaited<ReturnType<TestService['createApp']>>;

beforeAll(async () => {
  service = await startTokenService();
  app = await service.createApp();
  await service.addUser();
});
afterAll(() => service.close());

async function refreshToken(): Promise<string> {
  const [, body] = await read(service.postJson('/token', { username: 'grace', password: PASSWORD }));
  return String(body['refresh_token']);
}

describe.each(['oidc', 'oauth2'] as const)('openid-client, which discovers by %s', (algorithm) => {
  const discover = (auth?: client.ClientAuth) =>
    client.discovery(new URL(service.url), app.key, app.secret, auth, {
      algorithm,
      execute: [allowHttp],
    });

  it('gets a token by client credentials, introspects it and revokes it', async () => {
    const config = await discover();
    const tokens = await client.clientCredentialsGrant(config, { scope: 'notarization:read' });
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 86_400, scope: 'notarization:read' });
    expect(await client.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      active: true,
      client_id: app.key,
    });
    await client.tokenRevocation(config, tokens.access_token);
    expect(await client.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false });
  });

  it.each([
    ['Basic', (secret: string) => client.ClientSecretBasic(secret)],
    ['the form', (secret: string) => client.ClientSecretPost(secret)],
    ['no secret', () => client.None()],
  ])('refreshes with %s', async (_, auth) => {
    const config = await discover(auth(app.secret));
    const first = await client.refreshTokenGrant(config, await refreshToken());
    const second = await client.refreshTokenGrant(config, first.refresh_token!, { scope: 'storage:read' });
    expect(second).toMatchObject({ token_type: 'bearer', scope: 'storage:read', expires_in: 3600 });
    await expect(client.refreshTokenGrant(config, first.refresh_token!)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('gets an error for a wrong secret', async () => {
    const config = await client.discovery(new URL(service.url), app.key, 'wrong', undefined, {
      algorithm,
      execute: [allowHttp],
    });
    await expect(client.clientCredentialsGrant(config)).rejects.toMatchObject({ error: 'invalid_client' });
  });
});

describe('oauth4webapi', () => {
  let server: oauth.AuthorizationServer;
  const me = () => ({ client_id: app.key });

  beforeAll(async () => {
    const issuer = new URL(service.url);
    const response = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
    server = await oauth.processDiscoveryResponse(issuer, response);
  });

  it.each([
    ['Basic', oauth.ClientSecretBasic],
    ['the form', oauth.ClientSecretPost],
  ])('gets, introspects and revokes a token with %s', async (_, authentication) => {
    const auth = authentication(app.secret);
    const asked = await oauth.clientCredentialsGrantRequest(server, me(), auth, {}, insecure);
    const { access_token: token } = await oauth.processClientCredentialsResponse(server, me(), asked);

    const state = await oauth.introspectionRequest(server, me(), auth, token, insecure);
    expect(await oauth.processIntrospectionResponse(server, me(), state)).toMatchObject({ active: true });

    const revoked = await oauth.revocationRequest(server, me(), auth, token, insecure);
    await oauth.processRevocationResponse(revoked);

    const after = await oauth.introspectionRequest(server, me(), auth, token, insecure);
    expect(await oauth.processIntrospectionResponse(server, me(), after)).toEqual({ active: false });
  });

  it('refreshes, and revokes a refresh token', async () => {
    const auth = oauth.ClientSecretBasic(app.secret);
    const refresh = async (token: string) => {
      const response = await oauth.refreshTokenGrantRequest(server, me(), auth, token, insecure);
      return oauth.processRefreshTokenResponse(server, me(), response);
    };
    const { refresh_token: next } = await refresh(await refreshToken());
    const revoked = await oauth.revocationRequest(server, me(), auth, next!, insecure);
    await oauth.processRevocationResponse(revoked);
    await expect(refresh(next!)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
  });

  it('gets an error for a wrong secret by the scheme that it used', async () => {
    const wrong = oauth.ClientSecretBasic('wrong');
    const response = await oauth.clientCredentialsGrantRequest(server, me(), wrong, {}, insecure);
    await expect(oauth.processClientCredentialsResponse(server, me(), response)).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'basic', parameters: { realm: 'tollgate' } }],
    });
  });
});
