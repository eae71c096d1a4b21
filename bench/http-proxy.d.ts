/** The part of http-proxy 1.18 that the bench uses; it brings no types of its own. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface Proxy {
    web(req: IncomingMessage, res: ServerResponse): void;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  const httpProxy: {
    createProxyServer(options: { readonly target: string; readonly agent: Agent }): Proxy;
  };
  export default httpProxy;
}
