/** Everything that one value alone cannot tell: the checks between the parts of a configuration, and of its files. */
import type { PartialConfig } from '../partial.js';
import type { Files } from '../files.js';
import type { Path, Report } from '../problem.js';
import { checkConflicts } from './conflicts.js';
import { checkIssuers } from './issuers.js';
import { checkLimits } from './limits.js';
import { checkDrain, checkListeners } from './listeners.js';
import { checkRedis } from './redis.js';
import { checkRoutes } from './routes.js';
import { checkTokens } from './tokens.js';
import { checkUpstreams } from './upstreams.js';
import { checkWorkers } from './workers.js';

export interface RawConfig {
  /** Whether a key is there, rightly written or not: then its absence from the draft is no problem of its own. */
  has(path: Path): boolean;
  /** From 1; 0 where there is no file. */
  line(path: Path): number;
}

export function check(draft: PartialConfig, written: RawConfig, files: Files, report: Report): void {
  const isWritten = (path: Path) => written.has(path);
  checkListeners(draft.general, files, isWritten, report);
  checkDrain(draft.general, report);
  checkWorkers(draft.general, report);
  checkRedis(draft.general, files, report);
  checkIssuers(draft, files, isWritten, report);
  checkUpstreams(draft, files, report);
  checkRoutes(draft, isWritten, report);
  checkLimits(draft, isWritten, report);
  checkTokens(draft, report);
  checkConflicts(draft.routes, (index) => written.line(['routes', index, 'match']), report);
}
