/** The environment of a stack, and how every Node stack is started: `node STACK.js PORT WORLD`. */
import type { Server } from 'node:http';

export interface StackContext {
  /** The upstream's origin. */
  readonly upstream: string;
  /** The URL of the issuer's JWKS. */
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

/** Listens on the port of the command line, and exits normally, so that a CPU profile is written. */
export function serve(server: Server): void {
  server.listen(Number(process.argv[2]), '127.0.0.1');
  process.on('SIGTERM', () => process.exit(0));
}
