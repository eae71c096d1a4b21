/**
 * Hands a token over to the debugger, in memory: the command palette takes one, and the debugger shows it. A token is never
 * in an address or in storage, and it is handed over once.
 */
import { useEffect, useRef } from 'preact/hooks';
import { goTo } from './router';

let handed: string | undefined;
let receive: (() => void) | undefined;

/** Opens the debugger with a token. */
export function openInDebugger(token: string): void {
  handed = token;
  goTo('debugger');
  receive?.();
}

/** Calls back with a token that was handed over, now or while the component is shown. */
export function useHandedToken(onToken: (token: string) => void): void {
  const callback = useRef(onToken);
  callback.current = onToken;
  useEffect(() => {
    receive = () => {
      const token = handed;
      handed = undefined;
      if (token !== undefined) callback.current(token);
    };
    receive();
    return () => {
      receive = undefined;
    };
  }, []);
}
