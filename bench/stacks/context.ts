/** What a stack stands on, and the one way in which a stack of Node is started: `node STACK.js PORT WORLD`. */
import type { Server } from 'node:http';

export interface StackContext {
  /** The upstream's origin. */
  readonly upstream: string;
  /** Where the issuer's JWKS is. */
  readonly jwks: string;
  readonly issuer: string;
  readonly audience: string;
  readonly scope: string;
  readonly path: string;
  readonly limit: { readonly requests: number; readonly windowS: number };
  /** redis://… */
  readonly redis: string;
}

export function readStackContext(): StackContext {
  return JSON.parse(process.argv[3] ?? '') as StackContext;
}

/** Listens on the port that the command line names, and ends in order, so that a CPU profile is written. */
export function serve(server: Server): void {
  server.listen(Number(process.argv[2]), '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
}
