/**
 * The file with the administrator's credential is used only if nobody but its owner can read or change it.
 */
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN } from '../support/gate.js';
import { readAdminToken } from '../../src/app/admin-token.js';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-admin-token-'));
  file = join(folder, 'data', 'admin-token');
});
afterAll(() => rm(folder, { recursive: true }));

describe('The credential file', () => {
  it('is created for its owner only, and read again', async () => {
    const made = await readAdminToken({ TOLLGATE_DATA: join(folder, 'data') });
    expect(made.token).toHaveLength(43);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readAdminToken({ TOLLGATE_DATA: join(folder, 'data') })).toEqual(made);
  });

  it.each([0o644, 0o640, 0o604, 0o620, 0o602])(
    'with mode %o is an error of one line that says chmod 600',
    async (mode) => {
      await chmod(file, mode);
      await expect(readAdminToken({ TOLLGATE_DATA: join(folder, 'data') })).rejects.toThrow(
        `: chmod 600 ${file}`,
      );
      // The environment takes precedence over the file.
      expect((await readAdminToken({ TOLLGATE_ADMIN_TOKEN: ADMIN_TOKEN })).token).toBe(ADMIN_TOKEN);
      await chmod(file, 0o600);
      expect((await readAdminToken({ TOLLGATE_DATA: join(folder, 'data') })).token).toHaveLength(43);
    },
  );
});
