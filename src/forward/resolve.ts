/** Resolves a target's name again and again, for `connect.ts`; reports a removed address to `target-pool.ts`. */
import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

type LookupError = NodeJS.ErrnoException | null;

/** Finds all addresses of a name. */
export type Lookup = (
  host: string,
  callback: (error: LookupError, addresses: readonly LookupAddress[]) => void,
) => void;

export interface AddressEvents {
  /** The name no longer has one of its former addresses. */
  onAddressGone(): void;
  /** A lookup failed, and the last known addresses stay in use. Called once until a lookup succeeds again. */
  onLookupFailed(code: string): void;
}

/**
 * How long a connection waits for a lookup where older addresses are known, so that a hanging resolver stops nothing.
 */
const MAX_WAIT_MS = 200;

/** Looks a name up with the system's resolver (getaddrinfo). */
export const systemLookup: Lookup = (host, callback) => {
  lookup(host, { all: true }, callback);
};

/** The addresses of one name. It is looked up every `everyMs` while there are requests; without any it pauses. */
export class Addresses {
  /** The addresses of the family that the resolver lists first. Connections start with them in rotation. */
  #preferred: readonly LookupAddress[] = [];
  #others: readonly LookupAddress[] = [];
  #nextIndex = 0;
  #timer: NodeJS.Timeout | undefined;
  #isUsed = false;
  #isLookingUp = false;
  /** Whether a lookup has ended since the last pause. */
  #isCurrent = false;
  #isFailing = false;
  readonly #waiting = new Set<(error: LookupError) => void>();

  constructor(
    readonly host: string,
    readonly everyMs: number,
    readonly resolve: Lookup,
    readonly events: AddressEvents,
  ) {}

  /** Marks that a request is about to use the name, over an existing or a new connection. */
  markUsed(): void {
    this.#isUsed = true;
    if (this.#timer === undefined) this.#refresh();
  }

  /** The `lookup` option of `net.connect`. It returns all addresses, which are tried one after the other (RFC 8305). */
  readonly lookup: LookupFunction = (_host, _options, callback) => {
    this.markUsed();
    const respond = (error: LookupError): void => {
      if (this.#isKnown) callback(null, this.#rotated());
      else callback(error, []);
    };
    if (this.#isCurrent) process.nextTick(respond, null);
    else this.#waitForLookup(respond);
  };

  /** Stops the lookups until the next use. */
  close(): void {
    clearTimeout(this.#timer);
    this.#pause();
  }

  get #isKnown(): boolean {
    return this.#preferred.length > 0;
  }

  #rotated(): LookupAddress[] {
    const from = this.#nextIndex % this.#preferred.length;
    this.#nextIndex = from + 1;
    return [...this.#preferred.slice(from), ...this.#preferred.slice(0, from), ...this.#others];
  }

  #waitForLookup(respond: (error: LookupError) => void): void {
    const listener = (error: LookupError): void => {
      clearTimeout(timer);
      this.#waiting.delete(listener);
      respond(error);
    };
    // Without a known address, the connect timeout is the bound.
    const timer = this.#isKnown ? setTimeout(listener, MAX_WAIT_MS, null) : undefined;
    this.#waiting.add(listener);
    this.#lookUp();
  }

  #refresh(): void {
    if (!this.#isUsed) {
      this.#pause();
      return;
    }
    this.#isUsed = false;
    this.#timer = setTimeout(() => this.#refresh(), this.everyMs).unref();
    this.#lookUp();
  }

  #pause(): void {
    this.#timer = undefined;
    this.#isCurrent = false;
  }

  #lookUp(): void {
    if (this.#isLookingUp) return;
    this.#isLookingUp = true;
    this.resolve(this.host, (error, found) => {
      this.#isLookingUp = false;
      if (error === null && found.length > 0) this.#store(found);
      else this.#fail(error?.code ?? 'ENODATA');
      for (const listener of this.#waiting) listener(error);
    });
  }

  #store(found: readonly LookupAddress[]): void {
    const before = [...this.#preferred, ...this.#others];
    const now = new Set(found.map(({ address }) => address));
    const first = found[0]?.family;
    this.#preferred = found.filter(({ family }) => family === first);
    this.#others = found.filter(({ family }) => family !== first);
    this.#isCurrent = true;
    this.#isFailing = false;
    if (before.some(({ address }) => !now.has(address))) this.events.onAddressGone();
  }

  #fail(code: string): void {
    this.#isCurrent = this.#isKnown;
    if (!this.#isFailing) this.events.onLookupFailed(code);
    this.#isFailing = true;
  }
}
