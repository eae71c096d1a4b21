/** Collects log lines into batches of whole lines, so that each batch can be written in one call. */
export class Batch {
  #text = '';
  #bytes = 0;

  /** @param maxBytes the most bytes of a batch; a longer line is a batch of its own */
  constructor(
    readonly maxBytes: number,
    readonly write: (text: string) => void,
  ) {}

  /** Adds one whole line, including its line end. Writes the batch first if the line does not fit. */
  add(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > this.maxBytes) this.flush();
    this.#text += line;
    this.#bytes += bytes;
  }

  /** Writes the current batch, if it is not empty. */
  flush(): void {
    if (this.#bytes === 0) return;
    const text = this.#text;
    this.#text = '';
    this.#bytes = 0;
    this.write(text);
  }
}
