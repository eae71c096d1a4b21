/**
 * Follows a Dockerfile without Docker: each stage in an empty folder, COPY and RUN as written. Only the
 * installation of all dependencies is not repeated: the stage gets those of this checkout, which the same
 * command installed.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';

export interface Image {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** The folder that stands for WORKDIR. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  /** ENTRYPOINT and CMD together. */
  readonly command: readonly string[];
  /** The command of HEALTHCHECK. */
  readonly healthcheck: readonly string[];
}

interface Stage {
  readonly name: string;
  readonly steps: readonly (readonly [instruction: string, rest: string])[];
}

const run = promisify(execFile);

/** How a stage installs all dependencies, those for development too. */
const WHOLE_INSTALL = 'npm ci --ignore-scripts';

/** Builds all stages into folders under `folder` and returns the last. */
export async function buildImage(dockerfile: string, context: string, folder: string): Promise<Image> {
  const stages = parse(await readFile(dockerfile, 'utf8'));
  const isIgnored = ignoring(await readFile(join(context, '.dockerignore'), 'utf8'));
  const built = new Map<string, Promise<Image>>();
  let last: Promise<Image> | undefined;
  for (const stage of stages) {
    last = buildStage(stage, join(folder, stage.name), { context, isIgnored, built });
    built.set(stage.name, last);
  }
  if (!last) throw new Error('a Dockerfile without a stage');
  return last;
}

function parse(text: string): Stage[] {
  const stages: { name: string; steps: [string, string][] }[] = [];
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    const [, instruction = '', rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (instruction === 'FROM') {
      stages.push({ name: / AS (\S+)$/i.exec(rest)?.[1] ?? `stage-${stages.length}`, steps: [] });
    } else if (instruction !== '') {
      stages.at(-1)?.steps.push([instruction, rest]);
    }
  }
  return stages;
}

interface BuildContext {
  readonly context: string;
  readonly isIgnored: (path: string) => boolean;
  readonly built: ReadonlyMap<string, Promise<Image>>;
}

async function buildStage(stage: Stage, root: string, buildContext: BuildContext): Promise<Image> {
  let workdir = root;
  const env: Record<string, string> = {};
  let entrypoint: string[] = [];
  let command: string[] = [];
  let healthcheck: string[] = [];
  await mkdir(root, { recursive: true });
  for (const [instruction, rest] of stage.steps) {
    switch (instruction) {
      case 'WORKDIR':
        workdir = join(root, rest);
        await mkdir(workdir, { recursive: true });
        break;
      case 'ENV':
        // An absolute path in the image is one under its root here.
        for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) {
          env[name] = value.startsWith('/') ? join(root, value) : value;
        }
        break;
      case 'COPY':
        await copy(rest, workdir, buildContext);
        break;
      case 'RUN':
        if (rest === WHOLE_INSTALL) {
          await symlink(resolve(buildContext.context, 'node_modules'), join(workdir, 'node_modules'));
          break;
        }
        // Packages in npm's cache are not requested again.
        await run('sh', ['-c', rest], {
          cwd: workdir,
          env: { ...process.env, NODE_ENV: '', npm_config_prefer_offline: 'true', ...env },
        });
        break;
      case 'ENTRYPOINT':
        entrypoint = JSON.parse(rest) as string[];
        break;
      case 'CMD':
        command = JSON.parse(rest) as string[];
        break;
      case 'HEALTHCHECK':
        healthcheck = JSON.parse(/CMD (\[.*\])$/.exec(rest)?.[1] ?? '[]') as string[];
        break;
      case 'USER':
      case 'EXPOSE':
      case 'VOLUME':
        break;
      default:
        throw new Error(`${instruction} is not followed here`);
    }
  }
  return { root, workdir, env, command: [...entrypoint, ...command], healthcheck };
}

/** COPY [--from=stage] SOURCE... TARGET: a folder's content, or files, into the target. */
async function copy(
  rest: string,
  workdir: string,
  { context, isIgnored, built }: BuildContext,
): Promise<void> {
  const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(rest) ?? [];
  const words = paths.split(/\s+/);
  const target = join(workdir, words.pop() ?? '.');
  const stage = from === undefined ? undefined : await built.get(from);
  if (from !== undefined && !stage) throw new Error(`no stage ${from}`);
  const base = stage?.root ?? context;
  for (const word of words) {
    const source = join(base, word);
    const isFolder = (await readdir(source).catch(() => undefined)) !== undefined;
    if (stage) {
      await mkdir(isFolder ? target : dirname(target), { recursive: true });
      // Thousands of files, which Node copies more slowly.
      await run('cp', ['-R', isFolder ? `${source}/.` : source, target]);
      continue;
    }
    await cp(source, isFolder ? target : join(target, basename(source)), {
      recursive: true,
      filter: (path) => !isIgnored(relative(context, path)),
    });
    if (isIgnored(word)) throw new Error(`${word} is not in the build's context`);
  }
}

/**
 * .dockerignore as far as this repository's uses it: `*`, names, and names with `!`; the last matching rule
 * decides.
 */
function ignoring(text: string): (path: string) => boolean {
  const rules = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return (path) => {
    let ignored = false;
    for (const rule of rules) {
      const name = rule.replace(/^!/, '');
      if (name === '*' || path === name || path.startsWith(`${name}/`)) ignored = !rule.startsWith('!');
    }
    return ignored;
  };
}
