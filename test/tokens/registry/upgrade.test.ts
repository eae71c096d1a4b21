import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import type { Registry } from '../../../src/tokens/registry/registry.js';
import { NOW, revocation, user } from '../../contract/registry/samples.js';
import { SILENT } from '../../redis/logs.js';
import { createDatabase, type OwnDatabase } from '../../support/postgres.js';

/** Undoes the migrations after the first; then inserts rows as that version wrote them. */
const DOWNGRADE = `
  DROP TABLE audit;
  DROP INDEX apps_by_previous_secret;
  ALTER TABLE apps DROP COLUMN previous_secret_hash;
  ALTER TABLE apps DROP COLUMN previous_until_ms;
  ALTER TABLE apps DROP COLUMN generation;
  ALTER TABLE apps DROP COLUMN last_used_at_ms;
  DROP INDEX named_tokens_by_client;
  ALTER TABLE named_tokens DROP COLUMN generation;
  DROP INDEX revocations_by_revision;
  DROP INDEX revocations_by_end;
  ALTER TABLE revocations DROP COLUMN revision;
  ALTER TABLE revocations DROP COLUMN removed_at_ms;
  ALTER TABLE revocations DROP COLUMN generation;
  ALTER TABLE users DROP COLUMN generation;
  DELETE FROM revisions WHERE name IN ('users', 'sweptRevocations');
  DELETE FROM tollgate_migrations WHERE name <> '001-registry';
  INSERT INTO users (name, password_hash, scopes, created_at_ms) VALUES ('ada', 'x', '[]', 1);
  INSERT INTO apps (key, secret_hash, name, scopes, created_at_ms) VALUES ('app-1', 'c2VjcmV0', 'Stamps', '["a:*"]', 1);
  INSERT INTO named_tokens (jti, client_id, name, description, created_at_ms)
    VALUES ('j-1', 'app-1', 'nightly', '', 1), ('j-2', 'app-2', 'nightly', '', 1);
  INSERT INTO revocations (kind, issuer, id, cause, revoked_at_ms, issued_before_ms)
    VALUES ('app', 'tokens', 'old', 'deleted', ${NOW}, ${NOW + 1});
`;

let folder: string;
let database: OwnDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-upgrade-'));
  database = await createDatabase();
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

interface Place {
  readonly open: () => Promise<Registry>;
  readonly query: (statements: string) => Promise<unknown>;
  /** How the database finds the named tokens of one client. */
  readonly plan: () => Promise<string>;
}

const LISTING = `SELECT * FROM named_tokens WHERE client_id = 'app-1' ORDER BY created_at_ms`;

let files = 0;

function inSqlite(): Promise<Place> {
  const path = join(folder, `${(files += 1)}.db`);
  const query = (statements: string): Promise<unknown> => {
    const file = new DatabaseSync(path);
    file.exec(statements);
    file.close();
    return Promise.resolve();
  };
  return Promise.resolve({
    open: () => openRegistry({ kind: 'sqlite', path }, { log: SILENT }),
    query,
    plan() {
      const file = new DatabaseSync(path);
      const plan = JSON.stringify(file.prepare(`EXPLAIN QUERY PLAN ${LISTING}`).all());
      file.close();
      return Promise.resolve(plan);
    },
  });
}

async function inPostgres(): Promise<Place> {
  const url = await database.createSchema();
  const schema = /search_path%3D(\w+)/.exec(url)![1]!;
  const query = (statements: string) => database.query(`SET search_path = ${schema}; ${statements}`);
  return {
    open: () => openRegistry({ kind: 'postgres', url }, { log: SILENT }),
    query,
    async plan() {
      await query('SET enable_seqscan = off');
      return JSON.stringify(await database.query(`EXPLAIN ${LISTING}`));
    },
  };
}

describe.each([
  ['SQLite', inSqlite],
  ['PostgreSQL', inPostgres],
])('a registry of the previous version, in %s', (_, place) => {
  it('is upgraded: its revocations apply, and its users are distinct from later ones of the same name', async () => {
    const { open, query, plan } = await place();
    await (await open()).close();
    await query(DOWNGRADE);
    // Several gateways may start at once.
    const [registry, another] = await Promise.all([open(), open()]);
    await another.close();
    const old = revocation({ id: 'old', cause: 'deleted', issuedBeforeMs: NOW + 1 });
    expect((await registry.revocationPage(NOW, undefined)).revocations).toEqual([old]);
    expect(await registry.revocationChanges(0)).toMatchObject({ changes: [], isLast: true });
    expect(await registry.findUser('ada')).toMatchObject({ generation: 0 });
    await registry.deleteUser('ada', NOW, 'tokens');
    const deletion = revocation({ id: 'ada', cause: 'deleted', generation: 0 });
    expect(await registry.revocations(NOW)).toContainEqual(deletion);
    expect((await registry.revocationChanges(0))?.changes).toHaveLength(1);
    await registry.addUser(user());
    expect(await registry.findUser('ada')).toMatchObject({ generation: 1 });
    expect((await registry.listNamedTokens(NOW, 'app-1')).map(({ jti }) => jti)).toEqual(['j-1']);
    expect(await plan()).toContain('named_tokens_by_client');
    await registry.close();
  });

  it('is upgraded: its apps keep their secrets, and a change of one ends its tokens of today', async () => {
    const { open, query } = await place();
    await (await open()).close();
    await query(DOWNGRADE);
    const registry = await open();
    const secretHash = new Uint8Array(Buffer.from('secret'));
    const app = { key: 'app-1', secretHash, name: 'Stamps', scopes: ['a:*'], generation: 0 };
    const unset = { previousSecret: undefined, lastUsedAtMs: undefined };
    expect(await registry.findApp('app-1')).toMatchObject({ ...app, ...unset });
    expect(await registry.findAppBySecret(secretHash, NOW)).toMatchObject(app);
    const narrowed = { name: 'Stamps', scopes: ['a:read'], organization: undefined, endsTokens: true };
    await registry.updateApp('app-1', () => narrowed, NOW, ['tokens']);
    // Tokens of the previous version have no generation, which counts as 0.
    const change = revocation({ id: 'app-1', cause: 'changed', generation: 0 });
    expect(await registry.revocations(NOW)).toContainEqual(change);
    expect(await registry.findApp('app-1')).toMatchObject({ scopes: ['a:read'], generation: 1 });
    await registry.close();
  });
});
