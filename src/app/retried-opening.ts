/** Opens what needs a database that may be unavailable at the start. Called by `token-service.ts`. */
import type { Log } from '../model/log.js';
import { isUnavailable } from '../tokens/registry/postgres.js';

const RETRY_MS = 500;

/** The opening of the token service: once, or every half second until its registry is available. */
export class RetriedOpening {
  readonly #open: () => Promise<void>;
  readonly #log: Log;
  #isOpen = false;
  #isStopped = false;
  #retry: NodeJS.Timeout | undefined;
  /** The last logged reason why opening failed, so that each is logged once. */
  #loggedReason: string | undefined;

  /** @param open rejects where the opening failed, and may then be called again */
  constructor(open: () => Promise<void>, log: Log) {
    this.#open = open;
    this.#log = log;
  }

  /** Whether the opening has succeeded. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Opens for the first time.
   *
   * @param mayBeUnavailable resolves although the database is unavailable, and retries; else rejects then
   */
  async start(mayBeUnavailable: boolean): Promise<void> {
    try {
      await this.#open();
      this.#isOpen = true;
    } catch (error) {
      if (!mayBeUnavailable || !isUnavailable(error)) throw error;
      this.#scheduleRetry();
    }
  }

  /** Ends the retries. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
  }

  #scheduleRetry(): void {
    if (this.#isStopped) return;
    this.#retry = setTimeout(() => void this.#openAgain(), RETRY_MS).unref();
  }

  async #openAgain(): Promise<void> {
    try {
      await this.#open();
      this.#isOpen = true;
      this.#log.info({}, 'the registry is available: token service started');
    } catch (error) {
      this.#logReason(error);
      this.#scheduleRetry();
    }
  }

  #logReason(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (isUnavailable(error) || reason === this.#loggedReason || this.#isStopped) return;
    this.#log.error({ reason }, 'the token service cannot be opened');
    this.#loggedReason = reason;
  }
}
