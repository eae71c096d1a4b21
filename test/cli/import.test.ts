/** `tollgate import` as run by a user. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../support/command.js';
import { runHere, runWithInput } from '../support/run-command.js';

let folder: string;
/** The blocks of docs/import.md: the document, the configuration, standard error. */
let [document, configuration, messages] = ['', '', ''];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-import-'));
  const page = await readFile('docs/import.md', 'utf8');
  [, document = ''] = /```yaml\n([^]*?)```/.exec(page) ?? [];
  [, configuration = '', messages = ''] =
    /\$ tollgate import openapi\.yaml\n([^]*?)```[^`]*```\n([^]*?)```/.exec(page) ?? [];
  await writeFile(join(folder, 'openapi.yaml'), document);
});

afterAll(() => rm(folder, { recursive: true }));

describe('tollgate import', () => {
  it('prints what docs/import.md shows', async () => {
    const { code, stdout, stderr } = await runCommand(['import', 'openapi.yaml'], { cwd: folder });
    expect([code, stdout, stderr]).toEqual([0, configuration, messages]);
    expect(configuration).toContain('routes:');
    expect(messages).toContain('left out');
  });

  it('writes a file that check accepts, and never overwrites one', async () => {
    const args = ['import', 'openapi.yaml', '--from', 'openapi', '--output', 'gateway.yaml'];
    const first = await runHere(args, { cwd: folder });
    expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/^gateway\.yaml is written\./)]);
    expect(await readFile(join(folder, 'gateway.yaml'), 'utf8')).toBe(configuration);
    expect((await runHere(['check', '-c', 'gateway.yaml'], { cwd: folder })).code).toBe(0);
    const second = await runHere(args, { cwd: folder });
    expect([second.code, second.stderr]).toEqual([
      1,
      'tollgate: gateway.yaml already exists and is not overwritten\n',
    ]);
  });

  it('reads standard input, and prints JSON with everything that was left out', async () => {
    const { code, stdout } = await runWithInput(['import', '-', '--json'], document);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      config: { upstreams: { api: 'https://api.example.com' } },
      left_out: [{ method: 'GET', path: '/files/{file}.pdf' }],
      stricter: [{ path: '/orders/{order-id}' }, { path: '/reports' }, { path: '/files/{file}' }],
    });
  });

  it.each([
    [['import'], 2, /^tollgate: usage: tollgate import FILE/],
    [['import', 'absent.yaml'], 2, /^tollgate: cannot read absent\.yaml: there is no such file\n$/],
    [['import', '.'], 2, /^tollgate: cannot read \.: it is a folder\n$/],
    [['import', 'openapi.yaml', '--from', 'raml'], 2, /^tollgate: --from must be openapi, not "raml"\n$/],
    [['import', 'text.yaml'], 1, /^tollgate: text\.yaml: the document is not a map/],
    [['import', 'empty.yaml'], 1, /^tollgate: empty\.yaml: no route can be made of the document\n$/],
  ])('%j is one clear error', async (args, expected, message) => {
    await writeFile(join(folder, 'text.yaml'), 'text');
    await writeFile(join(folder, 'empty.yaml'), 'openapi: 3.1.0\npaths: {}');
    const { code, stdout, stderr } = await runHere(args, { cwd: folder });
    expect([code, stdout, stderr]).toEqual([expected, '', expect.stringMatching(message)]);
  });
});
