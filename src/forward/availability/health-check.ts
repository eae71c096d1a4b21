/**
 * Checks a target's health periodically, for `upstream-pools.ts`. Each check opens a connection: a target must accept
 * new ones.
 */
import { Client, type Dispatcher } from 'undici';
import type { HealthCheck, Target, Upstream } from '../../model/upstream.js';
import { createConnector } from '../connect.js';
import { codeOf } from '../failures.js';

/** The first check is at a random time within this, so that many gateways do not check at once. */
const SPREAD_MS = 1000;

/**
 * Starts the periodic checks of a target.
 *
 * @param report called after each check with the problem, or undefined where the check succeeded
 * @returns a function that stops the checks
 */
export function startHealthCheck(
  upstream: Upstream,
  target: Target,
  health: HealthCheck,
  random: () => number,
  report: (problem: string | undefined) => void,
): () => void {
  // The name is looked up at each check.
  const connect = createConnector(upstream, target, { isConnectionNeeded: () => true, lookup: undefined });
  let current: Client | undefined;
  let timer = schedule(random() * Math.min(health.intervalMs, SPREAD_MS));

  function schedule(afterMs: number): NodeJS.Timeout {
    return setTimeout(run, afterMs).unref();
  }

  function run(): void {
    const client = new Client(target.origin, {
      connect,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    current = client;
    let isReported = false;
    const conclude = (problem: string | undefined): void => {
      if (isReported) return;
      isReported = true;
      report(problem);
    };
    const finish = (problem: string): void => {
      if (current !== client) return;
      current = undefined;
      clearTimeout(deadline);
      void client.destroy();
      // From 90 to 110 %, so that gateways in step drift apart.
      timer = schedule(health.intervalMs * (0.9 + 0.2 * random()));
      conclude(problem);
    };
    const deadline = setTimeout(finish, health.timeoutMs, 'no response in time').unref();
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart(_controller, status) {
        // The rest is discarded until the deadline, so that the target's response is not cut off.
        if (status >= 200) conclude(status < 400 ? undefined : `status ${status}`);
      },
      onResponseData: () => undefined,
      onResponseEnd: () => finish('no response'),
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
