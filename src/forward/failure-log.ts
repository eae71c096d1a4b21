/** Logs why requests fail at a target, for `proxy-exchange.ts`, without one line per request. */
import type { Log } from '../model/log.js';
import type { Refusal } from '../model/refusal.js';
import type { Target, Upstream } from '../model/upstream.js';

/** The shortest time between two lines of one kind. */
const QUIET_MS = 10_000;
/** Characters; a TLS library's text can be long. */
const MAX_PROBLEM = 200;

/** One kind of failure: when its next line may come, and the failures since its last line. */
interface Kind {
  nextMs: number;
  unreported: number;
}

/** The log of one target's failures. */
export class FailureLog {
  /** By refusal and error code; at most some dozens. */
  readonly #kinds = new Map<string, Kind>();

  /** @param now monotonic milliseconds */
  constructor(
    readonly upstream: Upstream,
    readonly target: Target,
    readonly now: () => number,
    readonly log: Log,
  ) {}

  /**
   * Reports a request that was refused for a failure of the target: the first of its kind at once, then one line in 10
   * seconds with the number of failures since the last.
   *
   * @param code the error code of the system, OpenSSL or undici
   * @param problem the error's own description, for example why a certificate is not accepted
   */
  report(requestId: string, { reason, detail }: Refusal, code: string, problem?: string): void {
    const kind = this.#kindOf(`${reason} ${detail ?? ''} ${code}`);
    kind.unreported += 1;
    const nowMs = this.now();
    if (nowMs < kind.nextMs) return;
    const failures = kind.unreported;
    kind.unreported = 0;
    kind.nextMs = nowMs + QUIET_MS;
    this.log.warn(
      {
        upstream: this.upstream.name,
        target: this.target.origin,
        request_id: requestId,
        reason,
        ...(detail !== undefined && { detail }),
        ...(code !== '' && { code }),
        ...(problem !== undefined && { problem: problem.slice(0, MAX_PROBLEM) }),
        failures,
      },
      'a request failed at its target',
    );
  }

  #kindOf(name: string): Kind {
    let kind = this.#kinds.get(name);
    if (kind === undefined) this.#kinds.set(name, (kind = { nextMs: -Infinity, unreported: 0 }));
    return kind;
  }
}
