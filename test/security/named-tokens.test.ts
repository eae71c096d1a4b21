/** A caller who may choose a token's name and description cannot impersonate another app with them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import {
  administer,
  createDatabaseFile,
  get,
  ISSUER,
  makeApp,
  makeNamed,
  issueToken,
  postForm,
  tokensIn,
  type DatabaseFile,
  type MadeApp,
} from '../support/token-gate.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';

let file: DatabaseFile;
let upstream: EchoUpstream;
let outside: TestIssuer;
let gate: TestGate;
let victim: MadeApp;
let thief: MadeApp;
/** The attacker's token, with the gateway's audience as its name and the victim's key as its description. */
let disguised: string;

beforeAll(async () => {
  [file, upstream, outside] = await Promise.all([
    createDatabaseFile(),
    startEchoUpstream(),
    createTestIssuer(),
  ]);
  gate = await startGate({
    tokens: tokensIn(file.database),
    issuers: { outside: { issuer: outside.iss, jwks: outside.jwksUrl, audience: AUDIENCE, grants: ['*'] } },
    upstreams: { service: upstream.origin },
    routes: [
      { match: 'GET /ordinary', upstream: 'service', scope: 'files_api' },
      { match: 'GET /own', upstream: 'service', scope: 'files_api', issuer: 'tokens' },
      { match: 'GET /outside', upstream: 'service', scope: 'files_api', issuer: 'outside' },
      { match: 'GET /by-name', upstream: 'service', scope: 'files_api', issuer: 'named' },
      { match: 'GET /other-name', upstream: 'service', scope: 'orders_api', issuer: 'named' },
      {
        match: 'GET /counted',
        upstream: 'service',
        scope: 'files_api',
        issuer: ['tokens', 'named'],
        limit: '2 per 1m',
      },
    ],
  });
  [victim, thief] = [
    await makeApp(gate, { name: 'Victim', scopes: ['files_api', 'orders_api'], organization: 'Victims' }),
    await makeApp(gate, { name: 'Thief', scopes: ['files_api'] }),
  ];
  disguised = await makeNamed(gate, {
    secret: thief.secret,
    name: AUDIENCE,
    description: victim.key,
    permission: 'files_api',
  });
});

afterAll(async () => {
  await gate.stop();
  await Promise.all([upstream.close(), outside.close()]);
  await file.remove();
});

describe("a named token with the gateway's audience as its name and another app's key as its description", () => {
  it('looks like a token of that app: both claims are there', async () => {
    expect(await (await get(gate, '/token/whoami', disguised)).json()).toMatchObject({
      aud: AUDIENCE,
      sub: victim.key,
      iss: `${ISSUER}/named`,
      client_id: thief.key,
    });
  });

  it("is accepted by none of the routes that accept the app's own token", async () => {
    const own = await issueToken(gate, victim);
    const before = upstream.count();
    for (const path of ['/ordinary', '/own', '/outside'])
      expect((await get(gate, path, disguised)).status).toBe(401);
    expect(upstream.count()).toBe(before);
    for (const path of ['/ordinary', '/own']) expect((await get(gate, path, own)).status).toBe(200);
  });

  it('identifies the app that created it to the upstream', async () => {
    const response = await get(gate, '/by-name', disguised);
    expect(response.status).toBe(200);
    const { rawHeaders } = (await response.json()) as Echo;
    const valueOf = (name: string) => rawHeaders[rawHeaders.indexOf(name) + 1];
    expect(valueOf('X-App-Id')).toBe(thief.key);
    expect(valueOf('X-Token-Issuer')).toBe('named');
    expect(rawHeaders).not.toContain('X-App-Organization');
  });

  it("does not use up the other app's limit", async () => {
    const ask = async (token: string) => (await get(gate, '/counted', token)).status;
    expect([await ask(disguised), await ask(disguised), await ask(disguised)]).toEqual([200, 200, 429]);
    const own = await issueToken(gate, victim);
    expect([await ask(own), await ask(own), await ask(own)]).toEqual([200, 200, 429]);
  });

  it('has only scopes of its creator', async () => {
    expect((await get(gate, '/other-name', disguised)).status).toBe(403);
    const beyond = await postForm(gate, '/token/create', {
      secret: thief.secret,
      name: AUDIENCE,
      description: victim.key,
      permission: 'orders_api',
    });
    expect([beyond.status, await beyond.json()]).toMatchObject([400, { error: 'invalid_scope' }]);
  });

  it('cannot be introspected or revoked by the other app', async () => {
    const form = { token: disguised, client_id: victim.key, client_secret: victim.secret };
    const seen = await postForm(gate, '/introspect', form);
    expect([seen.status, await seen.json()]).toEqual([200, { active: false }]);
    const own = { token: disguised, client_id: thief.key, client_secret: thief.secret };
    expect(await (await postForm(gate, '/introspect', own)).json()).toMatchObject({ active: true });
    expect((await postForm(gate, '/revoke', form)).status).toBe(400);
    expect((await get(gate, '/by-name', disguised)).status).toBe(200);
  });

  it('is revoked with its creator, not with the other app', async () => {
    expect((await administer(gate, 'DELETE', `/api/apps/${victim.key}`)).status).toBe(204);
    expect((await get(gate, '/by-name', disguised)).status).toBe(200);
    expect((await administer(gate, 'DELETE', `/api/apps/${thief.key}`)).status).toBe(204);
    await expect
      .poll(async () => (await get(gate, '/by-name', disguised)).status, { timeout: 1000 })
      .toBe(401);
    expect((await get(gate, '/token/whoami', disguised)).status).toBe(401);
  });
});

it.each([
  ['the issuer of named tokens', `${ISSUER}/named`],
  ["the gate's own issuer", ISSUER],
])('A token that an external issuer has signed as %s is refused', async (_what, iss) => {
  const claims = { iss, client_id: 'app-1', scope: 'files_api' };
  const forged = outside.sign(claims);
  for (const path of ['/ordinary', '/own', '/outside', '/by-name', '/token/whoami']) {
    expect((await get(gate, path, forged)).status).toBe(401);
  }
  expect((await get(gate, '/outside', outside.sign({ scope: 'files_api' }))).status).toBe(200);
});
