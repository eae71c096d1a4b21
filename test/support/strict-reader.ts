/** A strict request parser (RFC 9112), for an upstream that checks every byte of the gateway. */

export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Bytes that the gateway must never write. */
export class Fault extends Error {}

const START = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[\x21-\x7e]*|\*) HTTP\/1\.1$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x20-\x7e\t\x80-\xff]*)$/;
const CHUNK_SIZE = /^[\da-f]{1,8}$/i;

/** What is read next, and of a body with a length how much of it. */
type State = 'head' | 'chunk' | 'tunnel' | { left: number };

export class StrictReader {
  #bytes = '';
  #state: State = 'head';
  #asked: ReceivedRequest | undefined;
  #isAnswered = false;

  /**
   * @param onHead true if it has responded already
   *
   * @param onWhole called with a request once its body is complete; true if the rest of the connection is not
   * HTTP
   */
  constructor(
    readonly onHead: (arrival: ReceivedRequest) => boolean,
    readonly onWhole: (arrival: ReceivedRequest) => boolean,
  ) {}

  /** @throws {Fault} */
  push(text: string): void {
    this.#bytes += text;
    while (this.#step());
  }

  /** False if more bytes are needed. */
  #step(): boolean {
    if (this.#state === 'head') return this.#readHead();
    if (this.#state === 'chunk') return this.#readChunk();
    if (this.#state !== 'tunnel') return this.#readSized(this.#state);
    this.#bytes = '';
    return false;
  }

  #readHead(): boolean {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [start = '', ...lines] = this.#bytes.slice(0, end).split('\r\n');
    const [, method = '', target = ''] = START.exec(start) ?? this.#fail('no request line');
    const fields = lines.map((line): [string, string] => {
      const [, name = '', value = ''] = FIELD.exec(line) ?? this.#fail('no field');
      return [name, value];
    });
    this.#asked = { method, target, fields };
    this.#state = this.#framing(fields);
    this.#bytes = this.#bytes.slice(end + 4);
    this.#isAnswered = this.onHead(this.#asked);
    return true;
  }

  #framing(fields: ReceivedRequest['fields']): State {
    const values = (wanted: string): string[] =>
      fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    const [length, ...lengths] = values('content-length');
    const [coding, ...codings] = values('transfer-encoding');
    if (values('host').length !== 1) this.#fail('not one Host');
    if (lengths.length + codings.length > 0) this.#fail('a framing field twice');
    if (length !== undefined && coding !== undefined) this.#fail('two framings');
    if (length !== undefined && !/^\d{1,15}$/.test(length)) this.#fail('no length');
    if (coding !== undefined && coding !== 'chunked') this.#fail('another coding than chunked');
    return coding === undefined ? { left: Number(length ?? 0) } : 'chunk';
  }

  #readSized(state: { left: number }): boolean {
    const taken = Math.min(state.left, this.#bytes.length);
    this.#bytes = this.#bytes.slice(taken);
    state.left -= taken;
    return state.left === 0 && this.#finish();
  }

  #readChunk(): boolean {
    const line = this.#bytes.indexOf('\r\n');
    if (line < 0) return this.#bytes.length > 10 ? this.#fail('no chunk size') : false;
    const digits = this.#bytes.slice(0, line);
    const size = CHUNK_SIZE.test(digits) ? parseInt(digits, 16) : this.#fail('no chunk size');
    const end = line + 2 + size;
    if (this.#bytes.length < end + 2) return false;
    if (this.#bytes.slice(end, end + 2) !== '\r\n') this.#fail(size === 0 ? 'trailers' : 'a longer chunk');
    this.#bytes = this.#bytes.slice(end + 2);
    return size > 0 || this.#finish();
  }

  #finish(): boolean {
    // The gateway has one request on a connection at a time.
    if (this.#bytes !== '' && !this.#isAnswered) this.#fail('bytes behind a request that is not answered');
    this.#state = this.onWhole(this.#asked!) ? 'tunnel' : 'head';
    return this.#bytes !== '';
  }

  #fail(why: string): never {
    throw new Fault(`${why}: ${JSON.stringify(this.#asked)} ${JSON.stringify(this.#bytes.slice(0, 2000))}`);
  }
}
