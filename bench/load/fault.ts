/** What is wrong with a response, for the loads that run in Node. */
import type { Order } from './load.js';

export type FindFault = (
  status: number,
  body: string,
  header: (name: string) => string | undefined,
) => string | undefined;

/** @param body the exact body that the response must have */
export function createFindFault({ status: due, limit }: Order['expected'], dueBody: string): FindFault {
  return (status, body, header) => {
    if (status !== due) return `status ${status}: ${body}`;
    if (body !== dueBody) return `a body of ${body.length} bytes: ${body.slice(0, 100)}`;
    const told = header('X-RateLimit-Limit');
    if (told !== (limit === undefined ? undefined : String(limit))) return `X-RateLimit-Limit: ${told ?? ''}`;
    if (limit === undefined) return undefined;
    const remaining = Number(header('X-RateLimit-Remaining') ?? NaN);
    if (!(remaining >= 0 && remaining < limit)) return `X-RateLimit-Remaining: ${remaining}`;
    const reset = Number(header('X-RateLimit-Reset') ?? NaN);
    return Number.isFinite(reset) ? undefined : `X-RateLimit-Reset: ${reset}`;
  };
}

/** Counts the wrong responses, and keeps what is wrong with the first. */
export class Faults {
  wrong = 0;
  firstWrong = '';

  note(fault: string | undefined): void {
    if (fault === undefined) return;
    this.wrong += 1;
    this.firstWrong ||= fault;
  }
}
