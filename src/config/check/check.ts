/** Checks between the parts of a configuration, and of the files that it names. `validate.ts` calls it. */
import type { PartialConfig } from '../partial.js';
import type { Files } from '../files.js';
import type { Path, Report, Warn } from '../problem.js';
import { checkConflicts } from './conflicts.js';
import { checkConsole } from './console.js';
import { checkHosts } from './hosts.js';
import { checkIssuers } from './issuers.js';
import { checkLimits } from './limits.js';
import { checkLimitStatus } from './limit-status.js';
import { checkClientIpHeader, checkDrain, checkListeners } from './listeners.js';
import { checkLog } from './log.js';
import { warnOfPlaceholders } from './placeholders.js';
import { checkRedis } from './redis.js';
import { checkRoutes } from './routes.js';
import { checkTokens } from './tokens.js';
import { checkTracing } from './tracing.js';
import { checkUpstreams } from './upstreams.js';
import { checkWorkers } from './workers.js';

/** What is known of the configuration before validation. */
export interface RawConfig {
  /** Whether a key is present, valid or not. If so, its absence from the partial configuration is not reported. */
  has(path: Path): boolean;
  /** The line of a path, from 1; 0 without a file. */
  line(path: Path): number;
}

/** Reports every problem that is visible only between parts, and warns of what is allowed but insecure or unlikely. */
export function check(config: PartialConfig, raw: RawConfig, files: Files, report: Report, warn: Warn): void {
  const isPresent = (path: Path) => raw.has(path);
  checkListeners(config.general, files, isPresent, report);
  checkConsole(config.general, files, isPresent, report);
  checkClientIpHeader(config.general, report);
  checkDrain(config.general, report);
  checkWorkers(config.general, report);
  checkLog(config.general, report);
  checkRedis(config.general, files, report);
  checkIssuers(config, files, isPresent, report, warn);
  checkUpstreams(config, files, report, warn);
  checkRoutes(config, isPresent, report, warn);
  checkLimits(config, isPresent, report, warn);
  checkTokens(config, report);
  checkTracing(config.general, warn);
  checkLimitStatus(config, report);
  const lineOfMatch = (index: number) => raw.line(['routes', index, 'match']);
  checkConflicts(config.routes, lineOfMatch, report);
  checkHosts(config, lineOfMatch, warn);
  warnOfPlaceholders(config, warn);
}
