/**
 * A token service on a real socket, over a real registry in a SQLite file, with the test's own keys and
 * clock. A request's `X-Test-Address` is used as the client's address, its `X-Test-Id` as the request id.
 */
import { createPrivateKey, createPublicKey, randomBytes, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import type { Log } from '../../src/model/log.js';
import type { Revocation } from '../../src/model/revocation.js';
import type { TokenEndpoints, TokenServiceSettings } from '../../src/model/tokens.js';
import { openRegistry } from '../../src/tokens/registry/open.js';
import type { App, Registry, User } from '../../src/tokens/registry/registry.js';
import { createSecrets } from '../../src/tokens/secrets.js';
import { generateRsaKeyPair } from '../../src/tokens/signing/key-pair.js';
import { createSigner } from '../../src/tokens/signing/signer.js';
import {
  createAppLimit,
  createAppUses,
  createFailedAttempts,
  createTokenService,
  type TokenOutcome,
  type RedisScripts,
  type TokenRevocations,
  type TokenService,
} from '../../src/tokens/tokens.js';
import { createKeyEncryption } from '../../src/tokens/key-encryption.js';
import type { SigningKey } from '../support/tokens.js';

export const AUDIENCE = 'https://developers.token-project.test';
export const PASSWORD = 'correct horse battery staple';

/** The signing key of every service here: making one is slow. */
const pair = await generateRsaKeyPair();
const publicKey = createPublicKey(pair.privateKey);
export const key: SigningKey = {
  kid: pair.kid,
  alg: 'RS256',
  privateKey: createPrivateKey(pair.privateKey),
  jwk: { ...pair.publicJwk },
};

const pepper = randomBytes(32);
const secrets = createSecrets({ pepper: () => pepper, random: randomBytes });

/** In the stored form, at a lower cost; that of unknown users has the real cost. */
export function hashPassword(password: string, ln = 10): string {
  const salt = randomBytes(16);
  const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '');
  const derived = scryptSync(password, salt, 32, { N: 2 ** ln, r: 8, p: 1 });
  return `$scrypt$ln=${ln},r=8,p=1$${base64(salt)}$${base64(derived)}`;
}

const DAY_MS = 24 * 60 * 60 * 1000;

export const ENDPOINTS: TokenEndpoints = {
  revoke: { path: '/revoke' },
  introspect: { path: '/introspect' },
  keySecret: { path: '/auth/token', lifetimeMs: undefined },
  clientCredentials: { path: '/connect/token', lifetimeMs: DAY_MS },
  password: { path: '/token', lifetimeMs: 3_600_000, refreshLifetimeMs: 30 * DAY_MS },
  named: {
    path: '/token/create',
    permissions: new Map([
      ['scope_api', 1],
      ['service_api', 2],
    ]),
  },
  whoami: { path: '/token/whoami' },
};

export interface ServiceOptions {
  readonly endpoints?: Partial<TokenEndpoints>;
  readonly settings?: Partial<TokenServiceSettings>;
  readonly redis?: RedisScripts;
  readonly keyPrefix?: string;
  /** Wraps the registry. */
  readonly registry?: (real: Registry) => Registry;
  /** Exposes the service itself. */
  readonly onService?: (service: TokenService) => void;
}

export interface TestService {
  readonly url: string;
  readonly registry: Registry;
  /** What the registry stores instead of a secret or a refresh token. */
  hash(secret: string): Uint8Array;
  /** The service's clock, epoch milliseconds; a test may set it. */
  readonly clock: { nowMs: number };
  /** Every line of the log, as JSON. */
  readonly lines: string[];
  readonly outcomes: TokenOutcome[];
  /** Those that the service requested. */
  readonly revocations: Revocation[];
  /** Existing revocations: ids of apps and of tokens. */
  readonly revoked: Set<string>;
  /** While true, no revocation can be recorded. */
  isUnavailable: boolean;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A form in the body. */
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<Response>;
  postJson(path: string, value: unknown): Promise<Response>;
  createApp(changes?: Partial<App>): Promise<App & { readonly secret: string }>;
  addUser(changes?: Partial<User>): Promise<User>;
  close(): Promise<void>;
}

export async function startTokenService(options: ServiceOptions = {}): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-tokens-'));
  const lines: string[] = [];
  const log = logInto(lines);
  const database = { kind: 'sqlite', path: join(folder, 'tollgate.db') } as const;
  const registry = await openRegistry(database, { log });
  const clock = { nowMs: Date.now() };
  const now = () => clock.nowMs;
  const signer = createSigner({
    registry,
    keyEncryption: createKeyEncryption({ keyEncryptionKey: undefined }, randomBytes),
    now,
    log,
    longestLifetimeMs: undefined,
    generateKeyPair: () => Promise.resolve(pair),
  });
  await signer.open();
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings: TokenServiceSettings = {
    issuer: url,
    audience: [AUDIENCE],
    database,
    failedAttempts: { attempts: 20, windowMs: 60_000, cooldownMs: 600_000 },
    revokeLimit: undefined,
    issueLimit: undefined,
    keyEncryptionKey: undefined,
    previousKeyEncryptionKey: undefined,
    ...options.settings,
    endpoints: { ...ENDPOINTS, ...options.endpoints },
  };
  const revocations: Revocation[] = [];
  const revoked = new Set<string>();
  const fakeRevocations: TokenRevocations = {
    isRevoked: ({ app, tokenId, family }) =>
      [app, tokenId, family].some((id) => id !== undefined && revoked.has(id)),
    revoke(revocation) {
      if (running.isUnavailable) return Promise.resolve('unavailable');
      revocations.push(revocation);
      revoked.add(revocation.id);
      return Promise.resolve('done');
    },
  };
  const outcomes: TokenOutcome[] = [];
  const { redis, keyPrefix = '' } = options;
  const used = options.registry?.(registry) ?? registry;
  const uses = createAppUses({ registry: used, now, log });
  const service = createTokenService({
    settings,
    registry: used,
    secrets,
    signer,
    recordAppUse: (key) => uses.record(key),
    attempts: createFailedAttempts({
      settings: settings.failedAttempts,
      redis,
      keyPrefix,
      networkOf: (address) => address,
      fingerprintOfId: (id) => secrets.fingerprintOfId(id),
      now,
      log,
    }),
    revokeLimit: createAppLimit({ limit: settings.revokeLimit, name: 'revoking', redis, keyPrefix }),
    issueLimit: createAppLimit({ limit: settings.issueLimit, name: 'issuing', redis, keyPrefix }),
    nameClient: (id) => ({ client_id_hash: secrets.fingerprintOfId(id) }),
    revocations: fakeRevocations,
    verify: (authorization) => Promise.resolve(verifyBearer(authorization)),
    now,
    random: randomBytes,
    log,
  });
  options.onService?.(service);
  server.on('request', (req, res) => {
    const path = req.url?.split('?')[0] ?? '';
    const { 'x-test-address': address, 'x-test-id': requestId = 'id-1' } = req.headers;
    const clientIp = typeof address === 'string' ? address : '127.0.0.1';
    if (!service.owns(path)) {
      res.writeHead(404).end();
      return;
    }
    const visit = {
      path,
      clientIp,
      requestId: String(requestId),
      headers: ['X-Request-Id', String(requestId)],
    };
    void service.handle(req, res, visit).then((outcome) => outcomes.push(outcome));
  });
  server.on('checkContinue', (req, res) => server.emit('request', req, res));

  const send = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, init);
  const running: TestService = {
    url,
    isUnavailable: false,
    registry,
    hash: (secret) => secrets.hash(secret),
    clock,
    lines,
    outcomes,
    revocations,
    revoked,
    fetch: send,
    post: (path, form, headers = {}) =>
      send(path, { method: 'POST', body: new URLSearchParams(form), headers }),
    postJson: (path, value) =>
      send(path, {
        method: 'POST',
        body: JSON.stringify(value),
        headers: { 'content-type': 'application/json' },
      }),
    async createApp(changes = {}) {
      const secret = secrets.newSecret();
      const app: App = {
        key: secrets.newKey(),
        secretHash: secrets.hash(secret),
        name: 'Stamper',
        owner: { uid: '7', uname: 'ada', uavatar: 'https://example.test/ada.png' },
        organization: 'Example',
        scopes: ['notarization:*', 'scope_api'],
        createdAtMs: clock.nowMs,
        previousSecret: undefined,
        generation: 0,
        lastUsedAtMs: undefined,
        ...changes,
      };
      await registry.createApp(app);
      return { ...app, secret };
    },
    async addUser(changes = {}) {
      const user: User = {
        name: 'grace',
        passwordHash: hashPassword(PASSWORD),
        scopes: ['storage:read', 'notarization:*'],
        organization: 'Example',
        createdAtMs: clock.nowMs,
        generation: 0,
        ...changes,
      };
      await registry.addUser(user);
      return (await registry.findUser(user.name)) ?? user;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      signer.close();
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return running;
}

/** As the gateway does, with the keys of this test only. */
function verifyBearer(authorization: string | undefined) {
  if (authorization === undefined) return 'none';
  const token = /^Bearer ([\w.-]+)$/.exec(authorization)?.[1];
  if (token === undefined) return 'malformed';
  try {
    return { claims: claimsOf(token) };
  } catch {
    return 'invalid';
  }
}

/** The claims of a token whose signature is the service's. */
export function claimsOf(token: string): Record<string, unknown> {
  const claims = jwt.verify(token, publicKey, { algorithms: ['RS256'] });
  if (typeof claims === 'string') throw new Error('the payload is no object');
  return claims;
}

export function basic(id: string, secret: string): { authorization: string } {
  const joined = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return { authorization: `Basic ${Buffer.from(joined).toString('base64')}` };
}

/** The status and the body of a response, the latter as JSON. */
export async function read(answer: Response | Promise<Response>): Promise<[number, Record<string, unknown>]> {
  const response = await answer;
  return [response.status, (await response.json()) as Record<string, unknown>];
}

export function logInto(lines: string[]): Log {
  const write = (fields: object, message: string): void => {
    const { err } = fields as { err?: Error };
    lines.push(JSON.stringify({ ...fields, err: err?.stack, message }));
  };
  return { debug: write, info: write, warn: write, error: write };
}
