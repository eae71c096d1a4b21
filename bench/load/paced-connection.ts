/**
 * One connection of the load at a fixed rate: one request at a time, and its response parsed from the bytes.
 */
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly header: (name: string) => string | undefined;
}

export interface ConnectionEvents {
  /** @param dueAt when its request was due, as `ask` was told */
  onResponse(connection: PacedConnection, response: Answer, dueAt: number): void;
  /** A connection is lost, or the bytes are no response with a length. */
  onLost(): void;
}

const HEAD_END = '\r\n\r\n';

/** Cheaper than any client library, since the load must not be the bottleneck. */
export class PacedConnection {
  #dueAt = 0;
  #received = '';
  readonly #socket: Socket;

  constructor(
    { hostname, port }: URL,
    readonly events: ConnectionEvents,
  ) {
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setEncoding('latin1').on('data', (text: string) => this.#onText(text));
    this.#socket.on('error', () => undefined).on('close', () => events.onLost());
  }

  /**
   * @param request the complete bytes; the one before must have its response
   *
   * @param dueAt milliseconds
   */
  ask(request: string, dueAt: number): void {
    this.#dueAt = dueAt;
    this.#received = '';
    this.#socket.write(request, 'latin1');
  }

  end(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #onText(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd === -1) return;
    const head = this.#received.slice(0, headEnd + 2);
    const header = (name: string): string | undefined =>
      new RegExp(`\r\n${name}: *([^\r]*)\r`, 'i').exec(head)?.[1];
    const length = Number(header('Content-Length') ?? NaN);
    if (Number.isNaN(length)) {
      this.#socket.destroy();
      return;
    }
    const body = this.#received.slice(headEnd + HEAD_END.length);
    if (body.length < length) return;
    this.events.onResponse(this, { status: Number(head.slice(9, 12)), body, header }, this.#dueAt);
  }
}
