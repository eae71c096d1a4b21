/**
 * Each entry of docs/issuers.md, as the page has it, with tokens in the shape that the provider documents. A gateway reads
 * the provider's documents over https from a server of the test.
 */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileConfig } from '../../src/config/config.js';
import { createAuthority, type Authority, type Certificate } from '../support/certificates.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { base64url, createSigningKey, signTexts, type Claims, type SigningKey } from '../support/tokens.js';
import { startEchoUpstream, type Echo, type EchoUpstream } from '../support/upstream.js';
import { authentik } from './shapes/authentik.js';
import { auth0 } from './shapes/auth0.js';
import { b2c } from './shapes/b2c.js';
import { cognito } from './shapes/cognito.js';
import { entra, entraApps, entraV1 } from './shapes/entra.js';
import { firebase } from './shapes/firebase.js';
import { githubActions } from './shapes/github-actions.js';
import { google, iap } from './shapes/google.js';
import { hydra } from './shapes/hydra.js';
import { keycloak } from './shapes/keycloak.js';
import { kubernetes } from './shapes/kubernetes.js';
import { okta } from './shapes/okta.js';
import { inHouse, partner } from './shapes/own.js';
import { pingone } from './shapes/pingone.js';
import { salesforce } from './shapes/salesforce.js';
import { spiffe, spire } from './shapes/spiffe.js';
import { supabase } from './shapes/supabase.js';
import { zitadel } from './shapes/zitadel.js';
import { NOW, type OtherToken, type Provider } from './provider.js';
import { fillIn, moveTo, readRecipes, unfilledWords, type Entry } from './recipes.js';

const PROVIDERS: readonly Provider[] = [
  ...[auth0, keycloak, entra, entraV1, entraApps, b2c, cognito, okta, google, iap, firebase, hydra],
  ...[zitadel, authentik, pingone, salesforce, githubActions, kubernetes, spire, spiffe, supabase],
  ...[inHouse, partner],
];

const RECIPES = readRecipes();

/** What differs in a token of another kind, whose signature and times are right. */
const OF_ANOTHER_KIND =
  /^401 The (?:token is for another audience|token lacks a claim|token does not name an app|token does not expire|issuer of the token is not accepted|token is not of an accepted type|algorithm of the token)/;

let authority: Authority;
let certificate: Certificate;
let upstream: EchoUpstream;

beforeAll(async () => {
  authority = createAuthority();
  certificate = authority.issue('provider.test', 'DNS:localhost');
  upstream = await startEchoUpstream();
});

afterAll(async () => {
  authority.close();
  await upstream.close();
});

it('docs/issuers.md has an entry for each provider that is tested, and no other', () => {
  expect([...RECIPES.keys()]).toEqual(PROVIDERS.map(({ name }) => name));
});

describe.each(PROVIDERS)('$name', (provider) => {
  const key = createSigningKey(provider.alg);
  let running: Running;

  beforeAll(async () => {
    running = await start(provider, key);
  });

  afterAll(() => running.close());

  /** @param signer the key in place of the provider's */
  function sign({ header: changes, claims, secret = provider.secret }: OtherToken, signer = key): string {
    const alg = secret === undefined ? signer.alg : 'HS256';
    const header = { alg, ...(provider.header?.(key.kid) ?? { typ: 'JWT', kid: key.kid }), ...changes };
    const iss = running.issuer === false ? undefined : running.issuer;
    const texts = [header, { iss, iat: NOW, exp: NOW + 3600, ...claims }].map((each) => JSON.stringify(each));
    return secret === undefined ? signTexts(texts[0]!, texts[1]!, signer) : signHmac(texts, secret);
  }

  async function request(token: string, path = '/scoped'): Promise<string> {
    const headers = provider.send?.(token) ?? { Authorization: `Bearer ${token}` };
    const response = await fetch(`${running.gate.url}${path}`, { headers });
    const body = (await response.json()) as Partial<Echo>;
    if (response.status !== 200) {
      const challenge = response.headers.get('www-authenticate') ?? '';
      return `${response.status} ${/error_description="(.*?)"/.exec(challenge)?.[1] ?? /error="(.*?)"/.exec(challenge)?.[1]}`;
    }
    const fields = body.rawHeaders ?? [];
    return `200 for ${fields[fields.indexOf('X-App-Id') + 1]}`;
  }

  const changed = (changes: Claims): OtherToken => ({ claims: { ...provider.usual, ...changes } });

  it('has an entry that gives no warning', () => {
    expect(running.warnings).toEqual([]);
  });

  it('has an entry in which each word in capitals has a value', () => {
    expect(unfilledWords(entryOf(provider))).toEqual([]);
  });

  it('accepts the usual tokens, and knows their app', async () => {
    expect(await request(sign(changed({})))).toBe(`200 for ${provider.app}`);
    for (const [what, { app, ...token }] of Object.entries(provider.alsoUsual ?? {}))
      expect(await request(sign(token)), what).toBe(`200 for ${app}`);
  });

  it('refuses a token for another app or API', async () => {
    expect(await request(sign(changed(provider.otherAudience)))).toBe(
      '401 The token is for another audience',
    );
  });

  it('refuses tokens of other kinds, also where no scope is required', async () => {
    for (const [what, token] of Object.entries(provider.otherKinds))
      expect(await request(sign(token), '/any'), what).toMatch(OF_ANOTHER_KIND);
  });

  it('refuses a token that lacks what the entry requires', async () => {
    for (const [what, changes] of Object.entries(provider.notRequired ?? {}))
      expect(await request(sign(changed(changes)), '/any'), what).toBe(
        '401 The token lacks a claim that its issuer must give it',
      );
  });

  it('refuses a token without the scope, and only where one is required', async () => {
    const token = sign(changed(provider.withoutScope));
    expect(await request(token)).toBe('403 insufficient_scope');
    expect(await request(token, '/any')).toMatch(/^200 for /);
  });

  it('refuses a token that another key signed', async () => {
    const token = provider.secret
      ? sign({ ...changed({}), secret: `${provider.secret}x` })
      : sign(changed({}), createSigningKey(provider.alg));
    expect(await request(token)).toBe('401 The signature of the token is wrong');
  });
});

function entryOf(provider: Provider): Entry {
  return fillIn(RECIPES.get(provider.name)!, provider);
}

/** A provider whose documents are published, and a gateway with its entry. */
interface Running {
  /** The `issuer` of the entry. */
  readonly issuer: unknown;
  /** What `tollgate check` warns of. */
  readonly warnings: readonly string[];
  readonly gate: TestGate;
  close(): Promise<void>;
}

async function start(provider: Provider, key: SigningKey): Promise<Running> {
  let entry: Entry = { ...entryOf(provider), ...provider.inPlace?.(key) };
  let documents: Readonly<Record<string, unknown>> = {};
  const server = await serve((path) => documents[path]);
  if (provider.documents) {
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    entry = { ...moveTo(origin, entry), tls: { ca: authority.certFile } };
    documents = provider.documents({ origin, issuer: entry['issuer'], key });
  }
  const config: Config = {
    issuers: { [provider.name]: entry } as unknown as NonNullable<Config['issuers']>,
    drain_delay: '0s',
    upstreams: { echo: upstream.origin },
    routes: [
      { match: 'GET /scoped', upstream: 'echo', scope: provider.scope, limit: 'none' },
      { match: 'GET /any', upstream: 'echo', scope: 'none', limit: 'none' },
    ],
  };
  const { warnings } = compileConfig(config, { env: {}, baseFolder: process.cwd() });
  const gate = await startGate(config);
  return {
    issuer: entry['issuer'],
    warnings: warnings.map(String),
    gate,
    async close() {
      await gate.stop();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function serve(documentOf: (path: string) => unknown): Promise<Server> {
  const { cert, key } = certificate;
  const server = createServer({ cert, key }, (request, response) => {
    const document = documentOf(request.url ?? '');
    if (document === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function signHmac(texts: readonly string[], secret: string): string {
  const input = texts.map(base64url).join('.');
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}
