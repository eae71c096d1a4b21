/**
 * A token that was pasted into the command palette, on its way to the debugger. It stays in memory: an address would keep
 * it in the browser's history.
 */

let pasted: string | undefined;
let listener: (() => void) | undefined;

/** Keeps a token for the debugger, and tells an open debugger. */
export function handToDebugger(token: string): void {
  pasted = token;
  listener?.();
}

/** Returns the token, once; undefined where there is none. */
export function takePastedToken(): string | undefined {
  const token = pasted;
  pasted = undefined;
  return token;
}

/** Sets who is told of a token while the debugger is open. @returns a function that ends it */
export function onPastedToken(onToken: () => void): () => void {
  listener = onToken;
  return () => {
    if (listener === onToken) listener = undefined;
  };
}
