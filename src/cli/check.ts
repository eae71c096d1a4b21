/**
 * `tollgate check`: reports every error of the file, runs its `expect` cases, warns of what is allowed but unlikely, and says
 * who can open each route. With `--online` it also asks what the gateway depends on. Warnings do not change the exit code unless
 * `--strict`.
 */
import { checkOnline, type OnlineResult } from '../app/online/check-online.js';
import { findWarnings } from '../check/warnings.js';
import { ConfigError, loadConfig, Problem, type LoadedConfig } from '../config/config.js';
import type { Settings } from '../model/settings.js';
import { onlineAsJson, onlineTable } from './check-online-text.js';
import { routesOfSummary, summaryTable } from './check-summary.js';
import type { Run, Terminal } from './command.js';
import { EXIT_BAD, EXIT_OK } from '../model/exit.js';
import { withProgress } from './progress.js';
import { runExpectations } from './run-expectations.js';

/** The most routes that the summary lists without `--all`. */
const LISTED_ROUTES = 40;
/** How long each dependency has to respond. */
const ONLINE_TIMEOUT_MS = 2000;

/**
 * Checks the file and prints what it found. Resolves to EXIT_BAD if anything is wrong or unreachable, or with `--strict` unlikely; rejects if
 * the file cannot be read.
 */
export const check: Run = async ({ file, json, flags, terminal }) => {
  const { findings, warnings, settings, held } = await examine(file, terminal.env);
  const online = settings && flags.has('online') ? await askAll(settings, terminal) : undefined;
  const isReached = online?.every(({ ok }) => ok) ?? true;
  const isGood = findings.length === 0 && isReached && !(flags.has('strict') && warnings.length > 0);
  if (json) {
    const shapeOf = ({ line, column, text }: Problem) => ({ file, line, column, text });
    const report = {
      ok: isGood,
      problems: findings.map(shapeOf),
      warnings: warnings.map(shapeOf),
      routes: settings ? routesOfSummary(settings) : [],
      online: online?.map(onlineAsJson),
    };
    terminal.out(JSON.stringify(report, null, 2));
    return isGood ? EXIT_OK : EXIT_BAD;
  }
  for (const warning of warnings) terminal.err(asWarning(warning).toLines().join('\n'));
  for (const finding of findings) terminal.err(finding.toLines().join('\n'));
  if (settings && findings.length === 0) {
    const counts = [
      count(settings.routes.length, 'route'),
      count(settings.issuers.length, 'issuer'),
      `${count(held, 'expectation')} held`,
      ...(warnings.length > 0 ? [count(warnings.length, 'warning')] : []),
    ];
    terminal.out(`${file}: ${counts.join(', ')}`);
    terminal.out(`\n${summaryOf(settings, flags.has('all'))}`);
  }
  if (online) terminal.out(`\n${onlineTable(online)}`);
  return isGood ? EXIT_OK : EXIT_BAD;
};

function summaryOf(settings: Settings, all: boolean): string {
  if (all || settings.routes.length <= LISTED_ROUTES) return summaryTable(settings);
  return 'tollgate check --all lists who can open each route; --json has it as data';
}

async function askAll(settings: Settings, terminal: Terminal): Promise<readonly OnlineResult[]> {
  let known = 0;
  const asked = checkOnline(settings, {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    timeoutMs: ONLINE_TIMEOUT_MS,
    onResult: () => known++,
  });
  return withProgress(terminal, () => `asking upstreams, issuers and stores: ${known} have responded`, asked);
}

function asWarning({ file, line, column, text, sourceLine }: Problem): Problem {
  return new Problem(file, line, column, `warning: ${text}`, sourceLine);
}

interface Examined {
  readonly findings: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** Undefined where the file is invalid. */
  readonly settings: Settings | undefined;
  /** How many `expect` cases the file has. */
  readonly held: number;
}

async function examine(file: string, env: Record<string, string | undefined>): Promise<Examined> {
  try {
    const loaded = await loadConfig(file, env);
    const { settings, expectations, sourceLine } = loaded;
    const failures = await runExpectations(settings, expectations);
    const findings = failures.map(
      ({ line, column, text }) => new Problem(file, line, column, text, sourceLine(line)),
    );
    return { findings, warnings: allWarnings(loaded), settings, held: expectations.length };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { findings: error.problems, warnings: [], settings: undefined, held: 0 };
  }
}

/** In the order of the file. */
function allWarnings(loaded: LoadedConfig): readonly Problem[] {
  return [...loaded.warnings, ...findWarnings(loaded)].sort(
    (one, other) => one.line - other.line || one.column - other.column,
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
