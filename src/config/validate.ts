/** From a source to a validated configuration, or to every problem that it has. */
import { check, type RawConfig } from './check/check.js';
import { partialConfig, type PartialGeneral } from './partial.js';
import { withEnvironmentDefaults } from './environment-defaults.js';
import { expandEnv, type Environment } from './environment.js';
import { defaultText, explain } from './explain.js';
import type { Files } from './files.js';
import { has } from './paths.js';
import {
  ConfigError,
  formatPath,
  type Path,
  type Problem,
  type Report,
  type SourceLocation,
} from './problem.js';
import { schema, type Validated } from './schema/schema.js';
import type { Source } from './source.js';

export interface LoadContext {
  readonly env: Environment;
  readonly files: Files;
  /** What stands for an address that is not written. */
  readonly addresses: Required<Pick<PartialGeneral, 'listen' | 'admin'>> | undefined;
  /** What was wrong before: the syntax. */
  readonly problems: readonly Problem[];
}

export function validate(source: Source, { env, files, addresses, problems }: LoadContext): Validated {
  const found = [...problems];
  const report: Report = (path, text, spot = 'value') => {
    const problem = source.problem(path, text, spot);
    if (!found.some((other) => String(other) === String(problem))) found.push(problem);
  };
  const unfilled = new Set<string>();
  const filled = expandEnv(source, env, (path, text, spot) => {
    unfilled.add(formatPath(path));
    report(path, text, spot);
  });
  const value = withEnvironmentDefaults(filled, env, addresses !== undefined, report);
  // What cannot be filled in is told once, whatever else would be wrong with the hole that it leaves.
  const reportFilled = (path: Path, text: string, spot?: SourceLocation) => {
    if (!unfilled.has(formatPath(path))) report(path, text, spot);
  };
  const result = schema.safeParse(value, { error: defaultText });
  const meant = result.success ? new Set<string>() : explain(result.error.issues, value, reportFilled);
  const written: RawConfig = {
    has: (path) => has(value, path) || meant.has(formatPath(path)),
    line: (path) => source.line(path),
  };
  const parts = partialConfig(value);
  const general = { ...parts.general };
  for (const key of ['listen', 'admin'] as const) {
    if (addresses && !written.has([key])) general[key] = addresses[key];
  }
  check({ ...parts, general }, written, files, reportFilled);
  if (!result.success || found.length > 0) {
    throw new ConfigError(found.toSorted(inFileOrder), files.read());
  }
  return { ...result.data, listen: general.listen, admin: general.admin };
}

function inFileOrder(one: Problem, other: Problem): number {
  return one.line - other.line || one.column - other.column;
}
