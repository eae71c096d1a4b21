/**
 * What Sentinels tell unasked: that another server is the primary now. The former one, where it is well, goes on for
 * seconds as if nothing had happened, and what is counted there by then is lost.
 */
import type { Redis } from 'ioredis';
import { createClient, type Endpoint } from './client.js';
import { subscribe } from './subscriber.js';

const CHANNEL = '+switch-master';

/** Has a client connect anew, which asks the Sentinels, when it is not where they say. @returns ends it */
export function followFailovers(client: Redis, place: Endpoint, timeoutMs: number): () => void {
  if (place.kind !== 'sentinel') return () => undefined;
  const { sentinels, name, sentinelAccess: access } = place;

  /** `mymaster 10.0.0.5 6379 10.0.0.6 6379`: the former and the new one. All Sentinels say it, one after the other. */
  function onSwitch(message: string): void {
    const [which, , , host, port] = message.split(' ');
    // One that falls silent while it is greeted need not be waited for.
    if (which !== name || (client.status !== 'ready' && client.status !== 'connect')) return;
    const { stream } = client;
    if (stream.remoteAddress !== host || stream.remotePort !== Number(port)) stream.destroy();
  }

  const stops = sentinels.map(({ host, port }) =>
    subscribe(createClient({ kind: 'node', host, port, access }, timeoutMs), CHANNEL, onSwitch),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
