/** Checks the number of workers. */
import type { PartialGeneral } from '../partial.js';
import type { Report } from '../problem.js';

/** Reports several workers without Redis: processes can enforce one limit only if they count in one place. */
export function checkWorkers({ workers, redis }: PartialGeneral, report: Report): void {
  if (workers === undefined || workers === 1 || redis !== undefined) return;
  report(['workers'], 'more than one worker needs "redis", since limits must be counted once');
}
