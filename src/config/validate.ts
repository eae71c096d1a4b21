/** Validates a source against the schema and the checks between its parts. `config.ts` calls it. */
import { check, type RawConfig } from './check/check.js';
import { partialConfig, type PartialGeneral } from './partial.js';
import { withEnvironmentDefaults } from './environment-defaults.js';
import { expandEnv, type Environment } from './environment.js';
import { defaultText, explain } from './explain.js';
import type { InsecureSetting } from '../model/settings.js';
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

/** What a configuration is loaded with. */
export interface LoadContext {
  readonly env: Environment;
  readonly files: Files;
  /** Default addresses; undefined for a library, which opens none. */
  readonly addresses: Required<Pick<PartialGeneral, 'listen' | 'admin'>> | undefined;
  /** Problems found earlier, in the syntax. */
  readonly problems: readonly Problem[];
}

/** A valid configuration. */
export interface ValidConfig {
  readonly config: Validated;
  /** In the order of the file. */
  readonly warnings: readonly Problem[];
  /** What the file switches off by name. */
  readonly insecure: readonly InsecureSetting[];
}

/**
 * Expands variables, applies defaults and checks everything.
 * @throws ConfigError with every problem, in the order of the file
 */
export function validate(source: Source, { env, files, addresses, problems }: LoadContext): ValidConfig {
  const found = [...problems];
  const report: Report = (path, text, location = 'value') => {
    const problem = source.problem(path, text, location);
    if (!found.some((other) => String(other) === String(problem))) found.push(problem);
  };
  const unexpanded = new Set<string>();
  const expanded = expandEnv(source, env, (path, text, location) => {
    unexpanded.add(formatPath(path));
    report(path, text, location);
  });
  const value = withEnvironmentDefaults(expanded, env, addresses !== undefined, report);
  // A variable that cannot be expanded is reported once; problems that follow from it are not.
  const reportExpanded = (path: Path, text: string, location?: SourceLocation) => {
    if (!unexpanded.has(formatPath(path))) report(path, text, location);
  };
  const result = schema.safeParse(value, { error: defaultText });
  const intended = result.success ? new Set<string>() : explain(result.error.issues, value, reportExpanded);
  const raw: RawConfig = {
    has: (path) => has(value, path) || intended.has(formatPath(path)),
    line: (path) => source.line(path),
  };
  const parts = partialConfig(value);
  const general = { ...parts.general };
  for (const key of ['listen', 'admin'] as const) {
    if (addresses && !raw.has([key])) general[key] = addresses[key];
  }
  const warnings: Problem[] = [];
  const insecure: InsecureSetting[] = [];
  check({ ...parts, general }, raw, files, reportExpanded, (path, text, isInsecure = false) => {
    const warning = source.problem(path, text, 'value');
    warnings.push(warning);
    if (isInsecure) insecure.push({ key: formatPath(path), line: warning.line, text });
  });
  if (!result.success || found.length > 0) {
    throw new ConfigError(found.toSorted(inFileOrder), files.read());
  }
  const config = { ...result.data, listen: general.listen, admin: general.admin };
  return { config, warnings: warnings.toSorted(inFileOrder), insecure };
}

function inFileOrder(one: Problem, other: Problem): number {
  return one.line - other.line || one.column - other.column;
}
