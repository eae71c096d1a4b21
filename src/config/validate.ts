/** From a source to a validated configuration, or to every problem that it has. */
import { check, type Written } from './check/check.js';
import { draft, type GeneralDraft } from './draft.js';
import { withEnvironmentDefaults } from './environment-defaults.js';
import { fillIn, type Environment } from './environment.js';
import { defaultText, explain } from './explain.js';
import type { Files } from './files.js';
import { has } from './paths.js';
import { ConfigError, formatPath, type Path, type Problem, type Report, type Spot } from './problem.js';
import { schema, type Validated } from './schema/schema.js';
import type { Source } from './source.js';

export interface Grounds {
  readonly env: Environment;
  readonly files: Files;
  /** What stands for an address that is not written. */
  readonly addresses: Required<Pick<GeneralDraft, 'listen' | 'admin'>> | undefined;
  /** What was wrong before: the syntax. */
  readonly problems: readonly Problem[];
}

export function validate(source: Source, { env, files, addresses, problems }: Grounds): Validated {
  const found = [...problems];
  const report: Report = (path, text, spot = 'value') => {
    const problem = source.problem(path, text, spot);
    if (!found.some((other) => String(other) === String(problem))) found.push(problem);
  };
  const unfilled = new Set<string>();
  const filled = fillIn(source, env, (path, text, spot) => {
    unfilled.add(formatPath(path));
    report(path, text, spot);
  });
  const value = withEnvironmentDefaults(filled, env, addresses !== undefined, report);
  // What cannot be filled in is told once, whatever else would be wrong with the hole that it leaves.
  const reportFilled = (path: Path, text: string, spot?: Spot) => {
    if (!unfilled.has(formatPath(path))) report(path, text, spot);
  };
  const result = schema.safeParse(value, { error: defaultText });
  const meant = result.success ? new Set<string>() : explain(result.error.issues, value, reportFilled);
  const written: Written = {
    has: (path) => has(value, path) || meant.has(formatPath(path)),
    line: (path) => source.line(path),
  };
  const parts = draft(value);
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
