/** `tollgate diff` as run by a user: what it prints, and the exit codes 0, 1 and 2. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateEd25519Pem } from '../../src/testing/signing-key.js';
import { runCommand } from '../support/command.js';
import { runHere } from '../support/run-command.js';

let folder: string;
const page = await readFile('docs/diff.md', 'utf8');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-diff-'));
  for (const [, name = '', text = ''] of page.matchAll(/```yaml\n# (\S+)\n([^]*?)```/g))
    await write(name, `# ${name}\n${text}`);
  await write('bad.yaml', 'routes: []\n');
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
}

const run = (...args: string[]) => runHere(['diff', ...args], { cwd: folder });

describe('tollgate diff', () => {
  it('prints what docs/diff.md shows, and exits with 1', async () => {
    const [, shown] = /```\n\$ tollgate diff old\.yaml new\.yaml\n([^]*?)```/.exec(page) ?? [];
    const { code, stdout, stderr } = await runCommand(['diff', 'old.yaml', 'new.yaml'], { cwd: folder });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toBe(shown);
  });

  it('exits with 0 where access is stricter, and where nothing changes', async () => {
    const text = await readFile(join(folder, 'old.yaml'), 'utf8');
    await write('strict.yaml', text.replace('10 per 2m', '9 per 2m'));
    const { code, stdout } = await run('old.yaml', 'strict.yaml');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/\n\naccess is not loosened\n$/)]);
    const same = await run('old.yaml', 'old.yaml');
    expect([same.code, same.stdout]).toEqual([0, 'nothing changes for callers\n']);
  });

  it('--json prints each change with the lines of both files', async () => {
    const { code, stdout } = await run('old.yaml', '-c', 'new.yaml', '--json');
    const { loosened, changes } = JSON.parse(stdout) as { loosened: boolean; changes: object[] };
    expect([code, loosened]).toEqual([1, true]);
    expect(changes).toContainEqual({
      effect: 'loosened',
      kind: 'limit',
      subject: 'GET /orders/{id}',
      text: 'limit: 100 per 1d instead of 10 per 2m: 100 in 2m are admitted',
      old: 10,
      new: 10,
    });
    expect(changes).toContainEqual(expect.objectContaining({ kind: 'route', old: null, new: 18 }));
  });

  it('reports the errors of a file and exits with 1, in JSON without a verdict', async () => {
    const plain = await run('old.yaml', 'bad.yaml');
    expect(plain.code).toBe(1);
    expect(plain.stderr).toMatch(/^bad\.yaml:1:1: .*\n[^]*not compared: a file has errors\n$/);
    const { code, stdout } = await run('bad.yaml', 'new.yaml', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      loosened: null,
      problems: expect.arrayContaining([expect.objectContaining({ file: 'bad.yaml', line: 1 })]) as unknown,
    });
  });

  it.each([
    ['one file', ['old.yaml'], /^tollgate: usage: tollgate diff OLD NEW/],
    [
      'NEW twice',
      ['old.yaml', 'new.yaml', '-c', 'new.yaml'],
      /^tollgate: diff takes NEW or -c FILE, not both\n$/,
    ],
    ['a file that is not there', ['old.yaml', 'gone.yaml'], /^tollgate: cannot read gone\.yaml/],
  ])('with %s exits with 2', async (_what, args, text) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(text)]);
  });

  it('compares the contents of key files, and with --base those of one folder', async () => {
    const text = `issuers:
  main: {issuer: https://id.test, public_key: ./key.pem, audience: a, algorithms: [EdDSA]}
upstreams: {a: "http://127.0.0.1:9"}
routes: [{match: GET /, upstream: a, scope: none}]
`;
    for (const side of ['before', 'after']) {
      await mkdir(join(folder, side));
      await write(`${side}/gateway.yaml`, text);
      await write(`${side}/key.pem`, generateEd25519Pem().publicKey);
    }
    const other = await run('before/gateway.yaml', 'after/gateway.yaml');
    expect(other.stdout).toMatch(
      /^loosened +2 +2 +issuer main: keys: the public key of a file has 1 other than before$/m,
    );
    const same = await run('before/gateway.yaml', 'after/gateway.yaml', '--base', 'after');
    expect([same.code, same.stdout]).toEqual([0, 'nothing changes for callers\n']);
  });

  it('names --base where a key file of OLD is not found, and only there', async () => {
    const text = (key: string): string => `issuers:
  main: {issuer: https://id.test, public_key: ${key}, audience: a, algorithms: [EdDSA]}
upstreams: {a: "http://127.0.0.1:9"}
routes: [{match: GET /, upstream: a, scope: none}]
`;
    await write('copy.yaml', text('./absent.pem'));
    await write('absolute.yaml', text('/absent/key.pem'));
    const [relative, absolute, asNew, based] = await Promise.all([
      run('copy.yaml', 'old.yaml'),
      run('absolute.yaml', 'old.yaml'),
      run('old.yaml', 'copy.yaml'),
      run('copy.yaml', 'old.yaml', '--base', '.'),
    ]);
    expect(relative.stderr).toMatch(
      /^copy\.yaml:2:\d+: .*absent\.pem: there is no such file; with --base DIR its path begins at another folder$/m,
    );
    for (const { code, stderr } of [absolute, asNew, based]) {
      expect([code, stderr]).toEqual([1, expect.stringContaining('there is no such file')]);
      expect(stderr).not.toContain('--base');
    }
  });
});
