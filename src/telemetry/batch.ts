/** The log's lines, gathered: what is written at once is whole lines, and no more of them than goes in one piece. */
export class Batch {
  #text = '';
  #bytes = 0;

  /** @param mostBytes of one batch; a longer line is one by itself */
  constructor(
    readonly mostBytes: number,
    readonly write: (text: string) => void,
  ) {}

  /** Takes one whole line, its end included. */
  add(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > this.mostBytes) this.flush();
    this.#text += line;
    this.#bytes += bytes;
  }

  flush(): void {
    if (this.#bytes === 0) return;
    const text = this.#text;
    this.#text = '';
    this.#bytes = 0;
    this.write(text);
  }
}
