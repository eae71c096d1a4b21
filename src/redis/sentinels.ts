/**
 * Follows failovers that Sentinels announce. A former primary that still works accepts writes for seconds afterwards,
 * and what is counted there is lost.
 */
import type { Redis } from 'ioredis';
import { createClient, type Endpoint } from './client.js';
import { subscribe } from './subscriber.js';

const CHANNEL = '+switch-master';

/**
 * Reconnects a client when a Sentinel announces another primary than the client's; a new connection asks the Sentinels.
 * Does nothing without Sentinels.
 *
 * @returns a function that stops it
 */
export function followFailovers(client: Redis, endpoint: Endpoint, timeoutMs: number): () => void {
  if (endpoint.kind !== 'sentinel') return () => undefined;
  const { sentinels, name, sentinelAccess: access } = endpoint;

  /**
   * `mymaster 10.0.0.5 6379 10.0.0.6 6379`: the former and the new primary. Every Sentinel sends it, at its own time.
   */
  function onSwitch(message: string): void {
    const [changedName, , , host, port] = message.split(' ');
    // `connect` is included: a former primary may stop replying during the handshake.
    if (changedName !== name || (client.status !== 'ready' && client.status !== 'connect')) return;
    const { stream } = client;
    if (stream.remoteAddress !== host || stream.remotePort !== Number(port)) stream.destroy();
  }

  const unsubscribes = sentinels.map(({ host, port }) =>
    subscribe(createClient({ kind: 'node', host, port, access }, timeoutMs), CHANNEL, onSwitch),
  );
  return () => {
    for (const stop of unsubscribes) stop();
  };
}
