/** The completion scripts, each in its own shell: what is offered at the end of a command line. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { complete, hasShell } from '../support/complete.js';
import { runHere } from '../support/run-command.js';

const GENERAL = ['--config', '--help', '--version'];
const NAMES = COMMANDS.map(({ name }) => name);
const sorted = (...words: string[]): string[] => words.sort();

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tollgate-completion-'));
  await mkdir(join(folder, 'work'));
  await writeFile(join(folder, 'work', 'my file.yaml'), '');
  await writeFile(join(folder, 'work', 'other.yaml'), '');
});
afterAll(() => rm(folder, { recursive: true }));

/** One line of the file's folder, without the space or the slash that some shells add. */
const CASES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ['tollgate ', sorted(...NAMES, 'help')],
  ['tollgate che', ['check']],
  ['tollgate help ', sorted(...NAMES)],
  ['tollgate -c other.yaml ro', ['routes']],
  ['tollgate --config=other.yaml ro', ['routes']],
  ['tollgate check -', sorted('--json', ...optionsOf('check'), ...GENERAL)],
  ['tollgate apps ', sorted(...actionsOf('apps'))],
  ['tollgate apps re', ['restore', 'revocations', 'revoke', 'revoke-token']],
  [
    'tollgate apps create --',
    sorted('--name', '--scopes', '--owner', '--organization', '--json', ...GENERAL),
  ],
  ['tollgate apps list --', sorted('--json', ...GENERAL)],
  ['tollgate apps --name create re', ['restore', 'revocations', 'revoke', 'revoke-token']],
  ['tollgate apps create --name ', []],
  ['tollgate completion ', ['bash', 'fish', 'zsh']],
  ['tollgate check -c o', ['other.yaml']],
  ['tollgate --config oth', ['other.yaml']],
  ['tollgate check -c my', ['my file.yaml']],
];

function optionsOf(command: string): string[] {
  const { options = [] } = COMMANDS.find(({ name }) => name === command)!;
  return options.map(({ name }) => `--${name}`).filter((name) => name !== '--json');
}

function actionsOf(command: string): string[] {
  return COMMANDS.find(({ name }) => name === command)!.actions!.map(({ name }) => name);
}

describe.each(['bash', 'zsh', 'fish'] as const)('the completion script of %s', (shell) => {
  const isMissing = !hasShell(shell);
  if (isMissing) process.stderr.write(`${shell} is not installed: its completion script is not tried\n`);
  let script: string;

  beforeAll(async () => {
    script = join(folder, shell);
    const { code, stdout, stderr } = await runHere(['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    await writeFile(script, stdout);
  });

  it.skipIf(isMissing).each(CASES)('offers after "%s"', async (line, offered) => {
    const words = await complete(shell, script, line, join(folder, 'work'));
    // fish offers the letters too: -c.
    const long = words.filter((word) => !/^-\w$/.test(word));
    expect(long.map((word) => word.replaceAll('\\', ''))).toEqual(offered);
  });
});

it('the completion script of bash completes the value after "="', async () => {
  const script = join(folder, 'bash');
  expect(await complete('bash', script, 'tollgate check --config=oth', join(folder, 'work'))).toEqual([
    'other.yaml',
  ]);
  expect(await complete('bash', script, 'tollgate check --config=', join(folder, 'work'))).toEqual([
    'my file.yaml',
    'other.yaml',
  ]);
});

it.each([[[]], [['powershell']], [['constructor']]])('completion %j is wrong usage', async (args) => {
  const { code, stdout, stderr } = await runHere(['completion', ...args]);
  expect([code, stdout, stderr]).toEqual([2, '', 'tollgate: usage: tollgate completion bash|zsh|fish\n']);
});
