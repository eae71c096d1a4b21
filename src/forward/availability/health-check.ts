/** Asks a target for its health, again and again, over connections of its own: a target must be able to take new ones. */
import { Client, type Dispatcher } from 'undici';
import type { HealthCheck, Target, Upstream } from '../../model/upstream.js';
import { createConnector } from '../connect.js';
import { codeOf } from '../failures.js';

/** The first check comes within this time, so that many gates that start together do not ask together. */
const SPREAD_MS = 1000;

/**
 * @param tell is told after each check what was wrong, or undefined where all was well
 * @returns what ends it
 */
export function startHealthCheck(
  upstream: Upstream,
  target: Target,
  health: HealthCheck,
  random: () => number,
  tell: (problem: string | undefined) => void,
): () => void {
  // Its name is looked up at each check.
  const connect = createConnector(upstream, target, { isWanted: () => true, lookup: undefined });
  let current: Client | undefined;
  let timer = later(random() * Math.min(health.intervalMs, SPREAD_MS));

  function later(afterMs: number): NodeJS.Timeout {
    return setTimeout(run, afterMs).unref();
  }

  function run(): void {
    const client = new Client(target.origin, {
      connect,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    current = client;
    let isTold = false;
    const conclude = (problem: string | undefined): void => {
      if (isTold) return;
      isTold = true;
      tell(problem);
    };
    const finish = (problem: string): void => {
      if (current !== client) return;
      current = undefined;
      clearTimeout(deadline);
      void client.destroy();
      // From 90 to 110 %: gates that came together drift apart.
      timer = later(health.intervalMs * (0.9 + 0.2 * random()));
      conclude(problem);
    };
    const deadline = setTimeout(finish, health.timeoutMs, 'no answer in time').unref();
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart(_controller, status) {
        // What follows the head is read away until the deadline: nobody's connection is cut in the middle.
        if (status >= 200) conclude(status < 400 ? undefined : `status ${status}`);
      },
      onResponseData: () => undefined,
      onResponseEnd: () => finish('no answer'),
      onResponseError: (_controller, error) => finish(codeOf(error)),
    };
    const headers = ['Host', target.host, 'User-Agent', 'tollgate-health'];
    client.dispatch({ path: health.path, method: 'GET', headers, reset: true }, handler);
  }

  return function stop() {
    clearTimeout(timer);
    const client = current;
    current = undefined;
    void client?.destroy();
  };
}
