/** Ids of traces and spans, and the random decision whether a trace is sampled. Used by `tracing.ts`. */

/** How many random bytes are drawn at once: a call for each id would cost more than the rest of an unsampled trace. */
const BLOCK_BYTES = 4096;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
const FRACTION_BYTES = 4;

/** Generates ids, as the SDK's IdGenerator. */
export class RandomIds {
  readonly #random: (size: number) => Uint8Array;
  #block = Buffer.alloc(0);
  #used = 0;

  /** @param random returns that many random bytes */
  constructor(random: (size: number) => Uint8Array) {
    this.#random = random;
  }

  /** Returns 32 hex digits. */
  generateTraceId(): string {
    const at = this.#take(TRACE_ID_BYTES);
    return this.#block.toString('hex', at, at + TRACE_ID_BYTES);
  }

  /** Returns 16 hex digits. */
  generateSpanId(): string {
    const at = this.#take(SPAN_ID_BYTES);
    return this.#block.toString('hex', at, at + SPAN_ID_BYTES);
  }

  /** Returns a number in [0, 1). */
  fraction(): number {
    const at = this.#take(FRACTION_BYTES);
    return this.#block.readUInt32BE(at) / 2 ** 32;
  }

  /** Returns where that many unused bytes begin. It may replace the block, so it is called before the block is read. */
  #take(size: number): number {
    if (this.#used + size > this.#block.length) {
      this.#block = Buffer.from(this.#random(BLOCK_BYTES));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += size;
    return at;
  }
}
