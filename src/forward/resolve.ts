/** Which addresses a target's name stands for now, for connect.ts; pools.ts hears when one of them is gone. */
import { lookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

type LookupError = NodeJS.ErrnoException | null;

/** All addresses of a name, as the system's resolver has them. */
export type Lookup = (
  host: string,
  callback: (error: LookupError, addresses: readonly LookupAddress[]) => void,
) => void;

export interface AddressEvents {
  /** The name stands for other addresses than before, and one that it stood for is not among them. */
  onAddressGone(): void;
  /** The last good addresses stay; told once, until a lookup succeeds again. */
  onLookupFailed(code: string): void;
}

/** How long a connection waits for a lookup where older addresses are known: a resolver that hangs must not stop all. */
const PATIENCE_MS = 200;

export const systemLookup: Lookup = (host, callback) => {
  lookup(host, { all: true }, callback);
};

/** Looks the name up `everyMs` apart while requests come; when none came in between it rests until the next. */
export class Addresses {
  /** Those of the family that the resolver names first: connections begin with each of them in turn. */
  #preferred: readonly LookupAddress[] = [];
  #others: readonly LookupAddress[] = [];
  #turn = 0;
  #timer: NodeJS.Timeout | undefined;
  #isUsed = false;
  #isLookingUp = false;
  /** Whether what is known was looked up, or could not be, since the name was last at rest. */
  #isCurrent = false;
  #isFailing = false;
  readonly #waiting = new Set<(error: LookupError) => void>();

  constructor(
    readonly host: string,
    readonly everyMs: number,
    readonly resolve: Lookup,
    readonly events: AddressEvents,
  ) {}

  /** A request is about to go to the name, over a connection that is there or a new one. */
  use(): void {
    this.#isUsed = true;
    if (this.#timer === undefined) this.#round();
  }

  /** What `net.connect` asks by its option of this name; it wants all addresses, to try one after the other (RFC 8305). */
  readonly lookup: LookupFunction = (_host, _options, callback) => {
    this.use();
    const answer = (error: LookupError): void => {
      if (this.#isKnown) callback(null, this.#inTurn());
      else callback(error, []);
    };
    if (this.#isCurrent) process.nextTick(answer, null);
    else this.#await(answer);
  };

  /** Ends the rounds, until the next use. */
  close(): void {
    clearTimeout(this.#timer);
    this.#rest();
  }

  get #isKnown(): boolean {
    return this.#preferred.length > 0;
  }

  #inTurn(): LookupAddress[] {
    const from = this.#turn % this.#preferred.length;
    this.#turn = from + 1;
    return [...this.#preferred.slice(from), ...this.#preferred.slice(0, from), ...this.#others];
  }

  #await(answer: (error: LookupError) => void): void {
    const told = (error: LookupError): void => {
      clearTimeout(patience);
      this.#waiting.delete(told);
      answer(error);
    };
    // With no address to fall back on, the time that a connection may take is the bound.
    const patience = this.#isKnown ? setTimeout(told, PATIENCE_MS, null) : undefined;
    this.#waiting.add(told);
    this.#lookUp();
  }

  #round(): void {
    if (!this.#isUsed) {
      this.#rest();
      return;
    }
    this.#isUsed = false;
    this.#timer = setTimeout(() => this.#round(), this.everyMs).unref();
    this.#lookUp();
  }

  #rest(): void {
    this.#timer = undefined;
    this.#isCurrent = false;
  }

  #lookUp(): void {
    if (this.#isLookingUp) return;
    this.#isLookingUp = true;
    this.resolve(this.host, (error, found) => {
      this.#isLookingUp = false;
      if (error === null && found.length > 0) this.#keep(found);
      else this.#fail(error?.code ?? 'ENODATA');
      for (const told of this.#waiting) told(error);
    });
  }

  #keep(found: readonly LookupAddress[]): void {
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
