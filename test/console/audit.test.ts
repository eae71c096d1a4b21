/** The audit of the console with a registry: all changes, also of commands and other gateways, in pages. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { users } from '../../src/cli/users.js';
import type { AuditTrail } from '../../src/console/api/administration.js';
import { startGate, type Config, type TestGate } from '../support/gate.js';
import { runInProcess } from '../support/run-command.js';
import {
  administer,
  createDatabaseFile,
  makeApp,
  makeNamed,
  tokensIn,
  writeConfig,
  type DatabaseFile,
} from '../support/token-gate.js';
import { ADMINISTRATOR, errorOf, openBrowser, type Browser } from './support.js';

const CHANGES = 25;
let folder: string;
let file: DatabaseFile;
let config: Config;
let gate: TestGate;
let other: TestGate;
let administrator: Browser;

beforeAll(async () => {
  [file, folder] = await Promise.all([createDatabaseFile(), mkdtemp(join(tmpdir(), 'tollgate-audit-'))]);
  config = {
    tokens: tokensIn(file.database),
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'service', scope: 'orders:read' }],
  };
  [gate, other] = [await startGate(config), await startGate(config)];
  administrator = openBrowser(`${gate.adminUrl}/console`);
  await administrator.signIn(ADMINISTRATOR);
});
afterAll(async () => {
  await Promise.all([gate.stop(), other.stop()]);
  await Promise.all([file.remove(), rm(folder, { recursive: true })]);
});

const actionsOf = ({ entries }: AuditTrail) => entries.map(({ action, by }) => [action, by]);

it('It has the changes of other gateways, of apps and of commands, after a restart too', async () => {
  const app = await makeApp(other, { name: 'Shop', scopes: ['orders:read'] });
  await makeNamed(other, { secret: app.secret, name: 'n', description: 'd' });
  const path = await writeConfig(folder, config);
  const added = await runInProcess(users, ['add', 'ada', '--scopes', 'orders:*'], path, 'a long password');
  expect(added.code).toBe(0);
  const expected = [
    ['user_created', userInfo().username],
    ['named_token_created', app.key],
    ['app_created', 'Administrator'],
    ['signed_in', 'Administrator'],
  ];
  const trail = await administrator.json<AuditTrail>('GET', 'audit');
  expect(actionsOf(trail)).toEqual(expected);
  expect(trail).toMatchObject({ kept: 'registry', next: null });
  expect(trail.entries[2]).toMatchObject({ subject: app.key, client_ip: '127.0.0.1' });
  await gate.stop();
  gate = await startGate(config);
  administrator = openBrowser(`${gate.adminUrl}/console`);
  await administrator.signIn(ADMINISTRATOR);
  expect(actionsOf(await administrator.json<AuditTrail>('GET', 'audit'))).toEqual([
    ['signed_in', 'Administrator'],
    ...expected,
  ]);
});

it('Its pages have each change once', async () => {
  for (let at = 0; at < CHANGES; at++) {
    const revoked = await administer(gate, 'POST', '/api/revocations', {
      app: `app-${at}`,
      issuer: 'tokens',
    });
    expect(revoked.status).toBe(201);
  }
  const subjects: (string | null)[] = [];
  let before = '';
  do {
    const page: AuditTrail = await administrator.json('GET', `audit?limit=10${before}`);
    expect(page.entries.length).toBeLessThanOrEqual(10);
    subjects.push(...page.entries.map(({ subject }) => subject));
    before = page.next === null ? '' : `&before=${page.next}`;
  } while (before !== '');
  const revoked = subjects.filter((subject) => subject?.startsWith('app-'));
  expect(revoked).toEqual(Array.from({ length: CHANGES }, (_, at) => `app-${CHANGES - 1 - at}`));
  expect(subjects.length).toBe(CHANGES + 5);
  for (const place of ['x', '1.', '1.a b', `${'9'.repeat(16)}.a`])
    expect(await errorOf(await administrator.ask('GET', `audit?before=${encodeURIComponent(place)}`))).toBe(
      '400 "before" must be the "next" of a page',
    );
});
