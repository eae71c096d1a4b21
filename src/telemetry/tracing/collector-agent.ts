/**
 * The connections to a collector, for `span-queue.ts`. The exporter waits for a response as long as bytes of it arrive, so
 * only an agent of the gateway's own can end one.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/** What TLS to the collector needs beside the authorities that Node knows. */
export interface CollectorTls {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
}

/** Makes connections that are kept alive. */
export class CollectorAgent {
  readonly #tls: CollectorTls;
  #agent: HttpAgent | undefined;

  constructor(tls: CollectorTls) {
    this.#tls = tls;
  }

  /** Returns the exporter's agent, which it asks for once. */
  forProtocol(protocol: string): HttpAgent {
    this.#agent =
      protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true, ...this.#tls })
        : new HttpAgent({ keepAlive: true });
    return this.#agent;
  }

  /** Ends all connections. A later request opens another. */
  closeConnections(): void {
    this.#agent?.destroy();
  }
}
