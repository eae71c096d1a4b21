/** The part of autocannon 8 that the bench uses; it brings no types of its own. */
declare module 'autocannon' {
  /** Names as the server wrote them. */
  export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

  export interface Client {
    setRequests(
      requests: readonly {
        readonly method?: string;
        readonly headers?: Readonly<Record<string, string>>;
        readonly body?: Buffer;
        onResponse(status: number, body: string, context: object, headers: ResponseHeaders): void;
      }[],
    ): void;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    readonly duration: number;
    setupClient(client: Client): void;
  }

  export interface Result {
    readonly duration: number;
    readonly errors: number;
    readonly requests: { readonly total: number };
    readonly latency: { readonly p50: number; readonly p99: number };
  }

  export default function autocannon(options: Options): Promise<Result>;
}
