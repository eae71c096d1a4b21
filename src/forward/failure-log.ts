/** Says in the log why requests fail at a target, without a line for each of them. */
import type { Log } from '../model/log.js';
import type { Refusal } from '../model/refusal.js';
import type { Target, Upstream } from '../model/upstream.js';

/** Lines of one kind come no closer than this. */
const QUIET_MS = 10_000;
/** A TLS library's text can be long. */
const LONGEST_PROBLEM = 200;

/** One kind of failure: when the next line may come, and how many failures the last one did not tell of. */
interface Kind {
  nextMs: number;
  untold: number;
}

export class FailureLog {
  /** By refusal and error code: some dozens at most. */
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
   * @param code of the error, as the system, OpenSSL or undici name it
   * @param problem what the error says of itself, such as why a certificate is not accepted
   */
  report(requestId: string, { reason, detail }: Refusal, code: string, problem?: string): void {
    const kind = this.#kindOf(`${reason} ${detail ?? ''} ${code}`);
    kind.untold += 1;
    const nowMs = this.now();
    if (nowMs < kind.nextMs) return;
    const failures = kind.untold;
    kind.untold = 0;
    kind.nextMs = nowMs + QUIET_MS;
    this.log.warn(
      {
        upstream: this.upstream.name,
        target: this.target.origin,
        request_id: requestId,
        reason,
        ...(detail !== undefined && { detail }),
        ...(code !== '' && { code }),
        ...(problem !== undefined && { problem: problem.slice(0, LONGEST_PROBLEM) }),
        failures,
      },
      'a request failed at its target',
    );
  }

  #kindOf(name: string): Kind {
    let kind = this.#kinds.get(name);
    if (kind === undefined) this.#kinds.set(name, (kind = { nextMs: -Infinity, untold: 0 }));
    return kind;
  }
}
