/** For tests of the token service over HTTP: its section of the file, and its requests. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN_TOKEN, type TestGate } from './gate.js';
import { AUDIENCE } from './tokens.js';

export const ISSUER = 'https://api.gate.test';

/** The `tokens` section with every endpoint. */
export function tokensIn(database: string) {
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    database,
    issue_limit: 'none',
    endpoints: {
      key_secret: { path: '/auth/token', lifetime: 'none' },
      client_credentials: { path: '/connect/token', lifetime: '1d' },
      password: { path: '/token', lifetime: '1h', refresh_lifetime: '30d' },
      named: { path: '/token/create', permissions: { files_api: 1, orders_api: 2 } },
      whoami: { path: '/token/whoami' },
    },
  };
}

/** Writes a file for the commands, with a route if the configuration has none. @returns its path */
export async function writeConfig(folder: string, config: object): Promise<string> {
  const file = join(folder, `gateway-${(written += 1)}.yaml`);
  const rest = {
    listen: '127.0.0.1:0',
    admin: '127.0.0.1:0',
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
  };
  // Every JSON text is also YAML.
  await writeFile(file, JSON.stringify({ ...rest, ...config }));
  return file;
}

let written = 0;

export interface DatabaseFile {
  readonly folder: string;
  /** As named in the file. */
  readonly database: string;
  remove(): Promise<void>;
}

export async function createDatabaseFile(): Promise<DatabaseFile> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-token-gate-'));
  return {
    folder,
    database: `sqlite:${join(folder, 'tollgate.db')}`,
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Sends a request to the admin port as the administrator. */
export function administer(gate: TestGate, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${gate.adminUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

export interface MadeApp {
  readonly key: string;
  readonly secret: string;
}

export async function makeApp(gate: TestGate, app: object): Promise<MadeApp> {
  const response = await administer(gate, 'POST', '/api/apps', app);
  if (response.status !== 201) throw new Error(`no app was made: ${await response.text()}`);
  return (await response.json()) as MadeApp;
}

/** The app's token, requested by key and secret. */
export async function issueToken(gate: TestGate, { key, secret }: MadeApp): Promise<string> {
  const response = await fetch(`${gate.url}/auth/token?key=${key}&secret=${secret}`, { method: 'POST' });
  if (response.status !== 200) throw new Error(`no token was given: ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

/** A named token, as plain text. */
export async function makeNamed(gate: TestGate, form: Record<string, string>): Promise<string> {
  const response = await postForm(gate, '/token/create', form);
  if (response.status !== 200) throw new Error(`no named token was made: ${await response.text()}`);
  return response.text();
}

export function postForm(gate: TestGate, path: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${gate.url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
}

export function get(gate: TestGate, path: string, token?: string): Promise<Response> {
  return fetch(`${gate.url}${path}`, token === undefined ? {} : { headers: bearer(token) });
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
