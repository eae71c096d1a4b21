/** Checks the log's settings. */
import type { PartialGeneral } from '../partial.js';
import type { Report } from '../problem.js';

/** Reports readable lines in a file: a file is read by programs, and they need JSON. */
export function checkLog({ log }: PartialGeneral, report: Report): void {
  if (log?.pretty !== true || log.file === undefined) return;
  report(['log', 'pretty'], '"pretty" is for a terminal, and "file" gets JSON: use one of them');
}
