/**
 * The package as a user gets it: packed by npm from a fresh copy of the sources, and installed into an empty
 * project.
 */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Files that are in no fresh clone. */
const NOT_CLONED = new Set(['node_modules', 'dist', '.git', '.bench', 'coverage', 'data']);

export interface InstalledPackage {
  /** The empty project that it is installed in. */
  readonly project: string;
  /** The installed package's folder. */
  readonly folder: string;
  /** The paths of its files, from its folder. */
  readonly files: readonly string[];
  close(): Promise<void>;
}

/** Takes some seconds: the package is built on the way. */
export async function installPackage(): Promise<InstalledPackage> {
  const root = await mkdtemp(join(tmpdir(), 'tollgate-package-'));
  const clone = join(root, 'clone');
  const project = join(root, 'project');
  const modules = join(project, 'node_modules');
  const folder = join(modules, 'tollgate');
  await mkdir(clone);
  for (const name of await readdir('.')) {
    if (!NOT_CLONED.has(name)) await cp(name, join(clone, name), { recursive: true });
  }
  await symlink(resolve('node_modules'), join(clone, 'node_modules'));
  await run('npm', ['pack', '--silent', '--pack-destination', root], { cwd: clone });
  const tarball = (await readdir(root)).find((name) => name.endsWith('.tgz'));
  await mkdir(folder, { recursive: true });
  await run('tar', ['-xzf', join(root, tarball ?? ''), '-C', folder, '--strip-components=1']);
  // Its dependencies are already installed here.
  for (const name of await readdir('node_modules')) {
    if (!name.startsWith('.')) await symlink(resolve('node_modules', name), join(modules, name));
  }
  await linkCommand(folder, modules);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return {
    project,
    folder,
    files: files
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)),
    close: () => rm(root, { recursive: true }),
  };
}

/** Makes the package's command available to npx, as npm does when it installs a package. */
async function linkCommand(folder: string, modules: string): Promise<void> {
  const { bin } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    bin: { tollgate: string };
  };
  const program = join(folder, bin.tollgate);
  await chmod(program, 0o755);
  await mkdir(join(modules, '.bin'));
  await symlink(program, join(modules, '.bin/tollgate'));
}
