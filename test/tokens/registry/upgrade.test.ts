import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, test } from 'vitest';
import { openRegistry } from '../../../src/tokens/registry/open.js';
import { NOW, revocation, user } from '../../contract/registry/samples.js';
import { SILENT } from '../../redis/logs.js';

/** What step 002 has done, undone. */
const DOWNGRADE = `
  DROP INDEX revocations_by_revision;
  DROP INDEX revocations_by_end;
  ALTER TABLE revocations DROP COLUMN revision;
  ALTER TABLE revocations DROP COLUMN removed_at_ms;
  ALTER TABLE revocations DROP COLUMN generation;
  ALTER TABLE users DROP COLUMN generation;
  DELETE FROM revisions WHERE name IN ('users', 'swept_revocations', 'sweptRevocations');
  DELETE FROM tollgate_migrations WHERE name = '002-revocation-revisions';
  INSERT INTO users (name, password_hash, scopes, created_at_ms) VALUES ('ada', 'x', '[]', 1);
  INSERT INTO revocations (kind, issuer, id, cause, revoked_at_ms, issued_before_ms)
    VALUES ('app', 'tokens', 'old', 'deleted', ${NOW}, ${NOW + 1});
`;

test('A registry of the version before is brought up to date: its revocations hold, and its users can be told from later ones.', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-upgrade-'));
  const path = join(folder, 'tollgate.db');
  const open = () => openRegistry({ kind: 'sqlite', path }, { log: SILENT });
  await (await open()).close();
  const file = new DatabaseSync(path);
  file.exec(DOWNGRADE);
  file.close();
  const registry = await open();
  const old = revocation({ id: 'old', cause: 'deleted', issuedBeforeMs: NOW + 1 });
  expect((await registry.revocationPage(NOW, undefined)).revocations).toEqual([old]);
  expect(await registry.findUser('ada')).toMatchObject({ generation: 0 });
  await registry.deleteUser('ada', NOW, 'tokens');
  expect(await registry.revocations(NOW)).toContainEqual(
    revocation({ id: 'ada', cause: 'deleted', generation: 0 }),
  );
  await registry.addUser(user());
  expect(await registry.findUser('ada')).toMatchObject({ generation: 1 });
  await registry.close();
  await rm(folder, { recursive: true });
});
