/**
 * A Redis Cluster, for `connection.ts`: a connection to each server that holds slots, and the map of slots to servers.
 * Each server has its own outages, so counting continues on the others.
 *
 * The map is read from the servers: every ten seconds, and five times a second while a slot has no available server, so
 * that a failover is noticed quickly. A server that no longer holds a slot replies with the new server (MOVED), or,
 * while the slot moves, with the server that already has the key (ASK).
 */
import type { Log } from '../model/log.js';
import type { HostPort, RedisServers, RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';
import { createEvaluate, probe, type RedisConnection } from './scripts.js';
import { createRedisServer, type RedisServer } from './server.js';
import { readRedirect, readSlots, slotOf, SLOTS, type Redirect, type SlotRange } from './slots.js';

interface Node {
  readonly address: HostPort;
  readonly server: RedisServer<Redirect>;
}

/** How often the map is read: while all slots are served, and while they are not. */
const SLOW_MS = 10_000;
const FAST_MS = 200;
/** How many keys are tried to find one that a server holds. With a hundred primaries, about half succeed. */
const MAX_KEYS = 64;

/** Starts to connect to a cluster, and retries until `close()`. Throws nothing. */
export function connectCluster(
  { timeoutMs, keyPrefix }: RedisSettings,
  { nodes: seeds, access }: Extract<RedisServers, { kind: 'cluster' }>,
  { log, now }: { readonly log: Log; readonly now: () => number },
): RedisConnection {
  const evaluate = createEvaluate();
  const nodes = new Map<string, Node>();
  /** Indexed by slot. */
  let owners: (Node | undefined)[] = [];
  /** All addresses of the last map, to find the cluster again when no server with slots replies. */
  let lastAddresses: readonly HostPort[] = [];
  /** The servers in the last line of the log. */
  let loggedNodes = '';
  let isCovered = false;
  let isClosed = false;
  let readCount = 0;
  let reading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Infinity;

  function nodeAt(address: HostPort): Node {
    const name = `${address.host}:${address.port}`;
    let node = nodes.get(name);
    if (!node) {
      const client = createClient({ kind: 'node', ...address, access }, timeoutMs);
      const created: Node = {
        address,
        server: createRedisServer({
          client,
          probe: () => probe(client, keyOf(created)),
          timeoutMs,
          log,
          now,
          fields: { server: name },
          readRedirect,
          onUnavailable: () => scheduleRead(FAST_MS),
        }),
      };
      nodes.set(name, (node = created));
    }
    return node;
  }

  /**
   * A key for the probe, if possible of a slot that the server holds. Otherwise it replies MOVED and writes nothing.
   */
  function keyOf(node: Node): string {
    const keys = Array.from({ length: MAX_KEYS }, (_, i) => `${keyPrefix}{${i}}:probe`);
    return keys.find((key) => owners[slotOf(key)] === node) ?? `${keyPrefix}probe`;
  }

  /** Reads the map from the servers in rotation, since a server that is cut off from the others may be wrong. */
  async function readMap(): Promise<void> {
    const available = [...nodes.values()].filter(({ server }) => server.isUp);
    const node = available[readCount++ % available.length];
    if (!node) {
      for (const address of [...seeds, ...lastAddresses]) nodeAt(address);
      return;
    }
    const reply = await node.server.execute(
      (client) => client.call('CLUSTER', ['SLOTS']),
      timeoutMs,
      'CLUSTER SLOTS',
    );
    if (!isClosed && isList(reply)) adopt(readSlots(reply, node.address));
  }

  function adopt(ranges: readonly SlotRange[]): void {
    // A server that knows no ranges has left the cluster.
    if (ranges.length === 0) return;
    const newOwners = new Array<Node | undefined>(SLOTS).fill(undefined);
    for (const { from, to, primary } of ranges) newOwners.fill(nodeAt(primary), from, to + 1);
    owners = newOwners;
    isCovered = !newOwners.includes(undefined);
    lastAddresses = ranges.flatMap(({ primary, replicas }) => [primary, ...replicas]);
    const current = new Set(newOwners);
    for (const [name, node] of nodes) {
      if (current.has(node)) continue;
      nodes.delete(name);
      node.server.close();
    }
    const names = [...nodes.keys()].sort().join(' ');
    if (names !== loggedNodes) log.info({ servers: names }, 'the Redis Cluster was read');
    loggedNodes = names;
  }

  function read(): Promise<void> {
    return (reading ??= readMap()
      .catch((error: unknown) => log.warn({ err: error }, 'the Redis Cluster could not be read'))
      .finally(() => {
        reading = undefined;
        scheduleRead(isFullyServed() ? SLOW_MS : FAST_MS);
      }));
  }

  function scheduleRead(ms: number): void {
    const atMs = now() + ms;
    if (isClosed || timerAtMs <= atMs) return;
    clearTimeout(timer);
    timerAtMs = atMs;
    timer = setTimeout(() => {
      timerAtMs = Infinity;
      void read();
    }, ms);
  }

  function isFullyServed(): boolean {
    if (!isCovered) return false;
    for (const { server } of nodes.values()) if (!server.isUp) return false;
    return true;
  }

  async function connect(): Promise<void> {
    const seedAttempts = seeds.map(async (address) => {
      const { server } = nodeAt(address);
      await server.attempted;
      if (!server.isUp) throw new Error('unavailable');
    });
    // One reply is enough to find the others.
    await Promise.any(seedAttempts).catch(() => undefined);
    await read();
    await Promise.all([...nodes.values()].map(({ server }) => server.attempted));
  }

  /** Returns the server that a redirect names. The call has not run at the first server, so one more try is safe. */
  function nodeForRedirect({ kind, slot, to }: Redirect, from: Node): Node {
    const node = nodeAt({ host: to.host || from.address.host, port: to.port });
    if (kind === 'moved') {
      owners[slot] = node;
      scheduleRead(FAST_MS);
    }
    return node;
  }

  return {
    get isUp() {
      for (const { server } of nodes.values()) if (server.isUp) return true;
      return false;
    },
    // Without a handler a rejection would end the process.
    attempted: connect().catch(() => undefined),

    locate(key) {
      const slot = slotOf(key);
      return { slot, server: owners[slot] };
    },

    async runScript(lua, keys, args, withinMs = timeoutMs) {
      const owner = owners[slotOf(keys[0] ?? '')];
      if (!owner) return 'unavailable';
      const sentAt = now();
      let reply = await owner.server.execute((client) => evaluate(client, lua, keys, args), withinMs, lua);
      if (isRedirect(reply)) {
        const { kind } = reply;
        const { server } = nodeForRedirect(reply, owner);
        reply = await server.execute(
          (client) => {
            if (kind === 'moved') return evaluate(client, lua, keys, args);
            // ASKING holds for one command only, so the script is sent in full: EVALSHA could need a second one.
            client.asking().catch(() => undefined);
            return client.call('EVAL', [lua, keys.length, ...keys, ...args]);
          },
          withinMs - (now() - sentAt),
          lua,
        );
      }
      if (isList(reply)) return reply;
      scheduleRead(FAST_MS);
      return 'unavailable';
    },

    close() {
      isClosed = true;
      clearTimeout(timer);
      for (const { server } of nodes.values()) server.close();
    },
  };
}

type Reply = readonly unknown[] | 'unavailable' | Redirect;

function isList(reply: Reply): reply is readonly unknown[] {
  return Array.isArray(reply);
}

function isRedirect(reply: Reply): reply is Redirect {
  return reply !== 'unavailable' && !isList(reply);
}
