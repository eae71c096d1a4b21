/**
 * A Redis Cluster: a connection to each server that holds slots, each with an outage of its own, so that what the others
 * hold goes on being counted there; and the map of who holds which slot.
 *
 * The map is read from the servers themselves: now and then, and several times a second while a slot has nobody to
 * answer for it, so that a failover is known as soon as the cluster has done it. A server that is told of a slot which
 * it no longer holds says who does (MOVED), or who has this key already while the slot moves (ASK).
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

/** How often the map is read: while it serves all slots, and while it does not. */
const RARELY_MS = 10_000;
const SOON_MS = 200;
/** How many keys are looked through for one of a server: with a hundred primaries about half find theirs. */
const MOST_KEYS = 64;

export function connectCluster(
  { timeoutMs, keyPrefix }: RedisSettings,
  { nodes: seeds, access }: Extract<RedisServers, { kind: 'cluster' }>,
  { log, now }: { readonly log: Log; readonly now: () => number },
): RedisConnection {
  const evaluate = createEvaluate();
  const nodes = new Map<string, Node>();
  /** By slot. */
  let owners: (Node | undefined)[] = [];
  /** Where the cluster was last seen, to find it again when none of those that hold slots answers. */
  let seen: readonly HostPort[] = [];
  /** The servers that hold slots, as the log has them. */
  let loggedNodes = '';
  let isCovered = false;
  let isClosed = false;
  let asked = 0;
  let reading: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAtMs = Infinity;

  function nodeAt(address: HostPort): Node {
    const name = `${address.host}:${address.port}`;
    let node = nodes.get(name);
    if (!node) {
      const client = createClient({ kind: 'node', ...address, access }, timeoutMs);
      const made: Node = {
        address,
        server: createRedisServer({
          client,
          probe: () => probe(client, keyOf(made)),
          timeoutMs,
          log,
          now,
          fields: { server: name },
          readRedirect,
          onUnavailable: () => readWithin(SOON_MS),
        }),
      };
      nodes.set(name, (node = made));
    }
    return node;
  }

  /** A key for the probe, which the server holds where it holds any: elsewhere it would say so, without writing. */
  function keyOf(node: Node): string {
    const keys = Array.from({ length: MOST_KEYS }, (_, i) => `${keyPrefix}{${i}}:probe`);
    return keys.find((key) => owners[slotOf(key)] === node) ?? `${keyPrefix}probe`;
  }

  /** The map as one of the servers knows it, in turn: one that was cut off from the others may be mistaken. */
  async function readMap(): Promise<void> {
    const up = [...nodes.values()].filter(({ server }) => server.isUp);
    const node = up[asked++ % up.length];
    if (!node) {
      for (const address of [...seeds, ...seen]) nodeAt(address);
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
    // Whoever knows of nobody has left the cluster.
    if (ranges.length === 0) return;
    const found = new Array<Node | undefined>(SLOTS).fill(undefined);
    for (const { from, to, primary } of ranges) found.fill(nodeAt(primary), from, to + 1);
    owners = found;
    isCovered = !found.includes(undefined);
    seen = ranges.flatMap(({ primary, replicas }) => [primary, ...replicas]);
    const holders = new Set(found);
    for (const [name, node] of nodes) {
      if (holders.has(node)) continue;
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
        readWithin(isWhole() ? RARELY_MS : SOON_MS);
      }));
  }

  function readWithin(ms: number): void {
    const atMs = now() + ms;
    if (isClosed || timerAtMs <= atMs) return;
    clearTimeout(timer);
    timerAtMs = atMs;
    timer = setTimeout(() => {
      timerAtMs = Infinity;
      void read();
    }, ms);
  }

  function isWhole(): boolean {
    if (!isCovered) return false;
    for (const { server } of nodes.values()) if (!server.isUp) return false;
    return true;
  }

  async function connect(): Promise<void> {
    const first = seeds.map(async (address) => {
      const { server } = nodeAt(address);
      await server.attempted;
      if (!server.isUp) throw new Error('unavailable');
    });
    // One that answers is enough to find the others.
    await Promise.any(first).catch(() => undefined);
    await read();
    await Promise.all([...nodes.values()].map(({ server }) => server.attempted));
  }

  /** Where a call goes that was sent to another, once: it has not been run there. */
  function follow({ kind, slot, to }: Redirect, from: Node): Node {
    const node = nodeAt({ host: to.host || from.address.host, port: to.port });
    if (kind === 'moved') {
      owners[slot] = node;
      readWithin(SOON_MS);
    }
    return node;
  }

  return {
    get isUp() {
      for (const { server } of nodes.values()) if (server.isUp) return true;
      return false;
    },
    // Nobody may be waiting for it, and it must not end the process then.
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
        const { server } = follow(reply, owner);
        reply = await server.execute(
          (client) => {
            if (kind === 'moved') return evaluate(client, lua, keys, args);
            // For the one command behind it, so the script goes whole: it may not be known there.
            client.asking().catch(() => undefined);
            return client.call('EVAL', [lua, keys.length, ...keys, ...args]);
          },
          withinMs - (now() - sentAt),
          lua,
        );
      }
      if (isList(reply)) return reply;
      readWithin(SOON_MS);
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
