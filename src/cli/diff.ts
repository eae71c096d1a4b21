/**
 * `tollgate diff OLD NEW`: prints what changes for callers, one line each. Exits with 1 if access is loosened, so that a
 * pipeline can ask for a second look.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { ConfigError, loadConfig, Problem, type LoadedConfig } from '../config/config.js';
import { compareSettings, type Change, type FilePath } from '../diff/diff.js';
import { EXIT_BAD, EXIT_OK } from '../model/exit.js';
import { formatTable, requiredArg } from './args.js';
import { UsageError, type Run } from './command.js';

const USAGE = 'diff OLD NEW [--base DIR]';
const HEADINGS = ['CHANGE', 'OLD', 'NEW', 'WHAT'] as const;

/** A change with the lines of both files, from 1; null where a file does not have it. */
interface Located extends Omit<Change, 'old' | 'new'> {
  readonly old: number | null;
  readonly new: number | null;
}

/**
 * Prints the changes. Resolves to EXIT_BAD if access is loosened, or if a file has errors, which are printed in their place.
 * @throws UsageError for wrong arguments; ConfigUnreadable if a file cannot be read
 */
export const diff: Run = async ({ args, options, file, isDefaultFile, json, terminal }) => {
  if (args[1] !== undefined && !isDefaultFile) throw new UsageError('diff takes NEW or -c FILE, not both');
  const oldFile = requiredArg(args[0], USAGE);
  const newFile = requiredArg(isDefaultFile ? args[1] : file, USAGE);
  const oldBase = resolve(options['base'] ?? dirname(oldFile));
  const newBase = resolve(dirname(newFile));
  const problems: Problem[] = [];
  const load = async (file: string, baseFolder: string, hint?: string): Promise<LoadedConfig | undefined> => {
    try {
      return await loadConfig(file, terminal.env, { baseFolder });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...(hint === undefined ? error.problems : withHint(error, baseFolder, hint)));
      return undefined;
    }
  };
  const old = await load(oldFile, oldBase, options['base'] === undefined ? NAME_BASE : undefined);
  const now = await load(newFile, newBase);
  if (!old || !now) {
    const shapeOf = ({ file, line, column, text }: Problem) => ({ file, line, column, text });
    if (json) terminal.out(JSON.stringify({ loosened: null, problems: problems.map(shapeOf) }, null, 2));
    else {
      for (const problem of problems) terminal.err(problem.toLines().join('\n'));
      terminal.err('not compared: a file has errors');
    }
    return EXIT_BAD;
  }
  const changes = compareSettings(
    { settings: old.settings, baseFolder: oldBase },
    { settings: now.settings, baseFolder: newBase },
    readText,
  ).map((change) => ({
    ...change,
    old: lineOf(old, change.old),
    new: lineOf(now, change.new),
  }));
  const loosened = changes.some(({ effect }) => effect === 'loosened');
  terminal.out(json ? JSON.stringify({ loosened, changes }, null, 2) : report(changes));
  return loosened ? EXIT_BAD : EXIT_OK;
};

const NAME_BASE = 'with --base DIR its path begins at another folder';

/** Adds the hint to each problem with a file that is named by a relative path, and is not there. */
function withHint({ problems, files }: ConfigError, baseFolder: string, hint: string): readonly Problem[] {
  const missing = files.filter((file) => file.startsWith(baseFolder + sep) && !existsSync(file));
  return problems.map((problem) => {
    const { file, line, column, text, sourceLine } = problem;
    const isMissing = missing.some((each) => text.includes(each));
    return isMissing ? new Problem(file, line, column, `${text}; ${hint}`, sourceLine) : problem;
  });
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function lineOf(config: LoadedConfig, path: FilePath | undefined): number | null {
  return path === undefined ? null : config.problemAt(path, '').line;
}

function report(changes: readonly Located[]): string {
  if (changes.length === 0) return 'nothing changes for callers';
  const rows = changes.map((change) => [
    change.effect,
    String(change.old ?? '-'),
    String(change.new ?? '-'),
    `${change.subject}: ${change.text}`,
  ]);
  const count = changes.filter(({ effect }) => effect === 'loosened').length;
  const verdict =
    count === 0 ? 'access is not loosened' : `access is loosened by ${count} of ${changes.length}`;
  return `${formatTable([HEADINGS, ...rows])}\n\n${verdict}`;
}
