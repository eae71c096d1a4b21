/**
 * A Redis Cluster, for `connection.ts`: sends each call to the server that holds its slot (`slot-map.ts`). A server that
 * no longer holds a slot replies with the new server (MOVED), or, while the slot moves, with the server that already has
 * the key (ASK).
 */
import type { RedisServers, RedisSettings } from '../model/settings.js';
import { createEvaluate, type Location, type RedisConnection } from './scripts.js';
import { slotOf, type Redirect } from './slots.js';
import { SlotMap, type ClusterServer, type SlotMapOptions } from './slot-map.js';

/** Starts to connect to a cluster, and retries until `close()`. Throws nothing. */
export function connectCluster(
  settings: RedisSettings,
  cluster: Extract<RedisServers, { kind: 'cluster' }>,
  options: Pick<SlotMapOptions, 'log' | 'now' | 'measures'>,
): RedisConnection {
  const slots = new SlotMap({ settings, cluster, ...options });
  return new ClusterConnection(slots, settings.timeoutMs, options.now);
}

type Reply = readonly unknown[] | 'unavailable' | Redirect;
type ScriptCall = readonly [lua: string, keys: readonly string[], args: readonly (string | number)[]];

class ClusterConnection implements RedisConnection {
  readonly attempted: Promise<void>;
  readonly #evaluate = createEvaluate();

  constructor(
    readonly slots: SlotMap,
    readonly timeoutMs: number,
    readonly now: () => number,
  ) {
    // Without a handler a rejection would end the process.
    this.attempted = slots.connect().catch(() => undefined);
  }

  get isUp(): boolean {
    return this.slots.isAnyUp;
  }

  readonly locate = (key: string): Location => {
    const slot = slotOf(key);
    return { slot, server: this.slots.ownerOf(slot) };
  };

  async runScript(
    lua: string,
    keys: readonly string[],
    args: readonly (string | number)[],
    withinMs = this.timeoutMs,
  ): Promise<readonly unknown[] | 'unavailable'> {
    const owner = this.slots.ownerOf(slotOf(keys[0] ?? ''));
    if (!owner) return 'unavailable';
    const sentAt = this.now();
    let reply: Reply = await owner.server.execute(
      (client) => this.#evaluate(client, lua, keys, args),
      withinMs,
      lua,
    );
    if (isRedirect(reply)) {
      reply = await this.#redirect(reply, owner, [lua, keys, args], withinMs - (this.now() - sentAt));
    }
    if (isList(reply)) return reply;
    this.slots.readSoon();
    return 'unavailable';
  }

  close(): void {
    this.slots.close();
  }

  /** Repeats a call at the server that a redirect names. It has not run at the first one, so one more try is safe. */
  #redirect(
    { kind, slot, to }: Redirect,
    from: ClusterServer,
    [lua, keys, args]: ScriptCall,
    withinMs: number,
  ): Promise<Reply> {
    const node = this.slots.nodeAt({ host: to.host || from.address.host, port: to.port });
    if (kind === 'moved') this.slots.moveSlot(slot, node);
    return node.server.execute(
      (client) => {
        if (kind === 'moved') return this.#evaluate(client, lua, keys, args);
        // ASKING holds for one command only, so the script is sent in full: EVALSHA could need a second one.
        client.asking().catch(() => undefined);
        return client.call('EVAL', [lua, keys.length, ...keys, ...args]);
      },
      withinMs,
      lua,
    );
  }
}

function isList(reply: Reply): reply is readonly unknown[] {
  return Array.isArray(reply);
}

function isRedirect(reply: Reply): reply is Redirect {
  return reply !== 'unavailable' && !isList(reply);
}
