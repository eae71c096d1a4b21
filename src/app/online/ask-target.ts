/** Asks a target of an upstream for `check --online`: a connection, and its health path where it has one. */
import { startHealthCheck } from '../../forward/availability/health-check.js';
import { createConnector } from '../../forward/connect.js';
import { codeOf, problemOf } from '../../forward/failures.js';
import type { HealthCheck, Target, Upstream } from '../../model/upstream.js';
import { DependencyError, errorOfCode } from './advice.js';
import { aborted } from './within.js';

const KEYS = { address: '"targets"', ca: '"tls.ca"', serverName: '"tls.server_name"' };

/** Resolves when the target accepts a connection with the upstream's TLS settings, and its health path is good. */
export async function askTarget(
  upstream: Upstream,
  target: Target,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string> {
  // The upstream's own timeout may be longer.
  await connectOnce({ ...upstream, connectTimeoutMs: timeoutMs }, target);
  const { health } = upstream;
  if (!health) return 'accepts connections';
  await requestHealth(upstream, target, health, signal);
  return `GET ${health.path} is good`;
}

function connectOnce(upstream: Upstream, target: Target): Promise<void> {
  const { hostname, protocol, port } = new URL(target.origin);
  const connect = createConnector(upstream, target, { isConnectionNeeded: () => true, lookup: undefined });
  return new Promise((resolve, reject) => {
    connect({ hostname, protocol, port }, (error, socket) => {
      if (error) reject(errorOfCode(codeOf(error), problemOf(error) ?? 'no connection', KEYS));
      else {
        socket.destroy();
        resolve();
      }
    });
  });
}

async function requestHealth(
  upstream: Upstream,
  target: Target,
  health: HealthCheck,
  signal: AbortSignal,
): Promise<void> {
  let stop = (): void => undefined;
  const asked = new Promise<void>((resolve, reject) => {
    stop = startHealthCheck(
      upstream,
      target,
      health,
      () => 0,
      (problem) => {
        if (problem === undefined) resolve();
        else
          reject(
            new DependencyError(
              `GET ${health.path} fails: ${problem}; correct "health.path", or the service`,
            ),
          );
      },
    );
  });
  const late = `GET ${health.path}: no response in time; correct "health.path", or the service`;
  try {
    await Promise.race([asked, aborted(signal, () => new DependencyError(late))]);
  } finally {
    stop();
  }
}
