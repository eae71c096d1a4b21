/**
 * The map of a cluster's slots to its servers, for `cluster.ts`, with a connection to each server that holds slots. Each
 * server has its own outages, so counting continues on the others.
 *
 * The map is read from the servers: every ten seconds, and five times a second while a slot has no available server, so
 * that a failover is noticed quickly.
 */
import type { Log } from '../model/log.js';
import type { Measures } from '../model/measures.js';
import type { HostPort, RedisServers, RedisSettings } from '../model/settings.js';
import { createClient } from './client.js';
import { probe } from './scripts.js';
import { createRedisServer, type RedisServer } from './server.js';
import { readRedirect, readSlots, slotOf, SLOTS, type Redirect, type SlotRange } from './slots.js';

/** A server of the cluster. */
export interface ClusterServer {
  readonly address: HostPort;
  readonly server: RedisServer<Redirect>;
}

export interface SlotMapOptions {
  readonly settings: Pick<RedisSettings, 'timeoutMs' | 'keyPrefix'>;
  readonly cluster: Extract<RedisServers, { kind: 'cluster' }>;
  readonly log: Log;
  /** Milliseconds from any origin. */
  readonly now: () => number;
  /** Measures the calls; by default nothing does. */
  readonly measures?: Pick<Measures, 'redisCall'>;
}

/** How often the map is read: while all slots are served, and while they are not. */
const SLOW_MS = 10_000;
const FAST_MS = 200;
/** How many keys are tried to find one that a server holds. With a hundred primaries, about half succeed. */
const MAX_KEYS = 64;

/** The slots and servers of one cluster. Nothing throws or rejects. */
export class SlotMap {
  readonly #options: SlotMapOptions;
  /** By host and port. */
  readonly #nodes = new Map<string, ClusterServer>();
  /** Indexed by slot. */
  #owners: (ClusterServer | undefined)[] = [];
  /** All addresses of the last map, to find the cluster again when no server with slots replies. */
  #lastAddresses: readonly HostPort[] = [];
  /** The servers in the last line of the log. */
  #loggedNodes = '';
  #isCovered = false;
  #isClosed = false;
  #readCount = 0;
  #reading: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Infinity;

  constructor(options: SlotMapOptions) {
    this.#options = options;
  }

  /** Whether any server is available. */
  get isAnyUp(): boolean {
    for (const { server } of this.#nodes.values()) if (server.isUp) return true;
    return false;
  }

  /** Returns the server that holds a slot; undefined while none is known. */
  ownerOf(slot: number): ClusterServer | undefined {
    return this.#owners[slot];
  }

  /** Returns the server at an address. It starts to connect to a new one. */
  nodeAt(address: HostPort): ClusterServer {
    const name = `${address.host}:${address.port}`;
    let node = this.#nodes.get(name);
    if (!node) this.#nodes.set(name, (node = this.#createNode(address, name)));
    return node;
  }

  /** Records that a slot has moved to a server. The whole map is read soon, since other slots may have moved too. */
  moveSlot(slot: number, to: ClusterServer): void {
    this.#owners[slot] = to;
    this.readSoon();
  }

  /** Reads the map within 200 ms. */
  readSoon(): void {
    this.#scheduleRead(FAST_MS);
  }

  /** Connects to the servers in the file and reads the map. Settles when each known server was tried. */
  async connect(): Promise<void> {
    const seedAttempts = this.#options.cluster.nodes.map(async (address) => {
      const { server } = this.nodeAt(address);
      await server.attempted;
      if (!server.isUp) throw new Error('unavailable');
    });
    // One reply is enough to find the others.
    await Promise.any(seedAttempts).catch(() => undefined);
    await this.#read();
    await Promise.all([...this.#nodes.values()].map(({ server }) => server.attempted));
  }

  /** Closes all connections. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { server } of this.#nodes.values()) server.close();
  }

  #createNode(address: HostPort, name: string): ClusterServer {
    const { settings, cluster, log, now, measures } = this.#options;
    const client = createClient({ kind: 'node', ...address, access: cluster.access }, settings.timeoutMs);
    const node: ClusterServer = {
      address,
      server: createRedisServer({
        client,
        probe: () => probe(client, this.#probeKeyOf(node)),
        timeoutMs: settings.timeoutMs,
        log,
        now,
        measures,
        fields: { server: name },
        readRedirect,
        onUnavailable: () => this.readSoon(),
      }),
    };
    return node;
  }

  /**
   * A key for the probe, if possible of a slot that the server holds. Otherwise it replies MOVED and writes nothing.
   */
  #probeKeyOf(node: ClusterServer): string {
    const { keyPrefix } = this.#options.settings;
    const keys = Array.from({ length: MAX_KEYS }, (_, i) => `${keyPrefix}{${i}}:probe`);
    return keys.find((key) => this.#owners[slotOf(key)] === node) ?? `${keyPrefix}probe`;
  }

  #read(): Promise<void> {
    return (this.#reading ??= this.#readFromNext()
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'the Redis Cluster could not be read'),
      )
      .finally(() => {
        this.#reading = undefined;
        this.#scheduleRead(this.#isFullyServed ? SLOW_MS : FAST_MS);
      }));
  }

  /** Reads the map from the servers in rotation, since a server that is cut off from the others may be wrong. */
  async #readFromNext(): Promise<void> {
    const { cluster, settings } = this.#options;
    const available = [...this.#nodes.values()].filter(({ server }) => server.isUp);
    const node = available[this.#readCount++ % available.length];
    if (!node) {
      for (const address of [...cluster.nodes, ...this.#lastAddresses]) this.nodeAt(address);
      return;
    }
    const reply = await node.server.execute(
      (client) => client.call('CLUSTER', ['SLOTS']),
      settings.timeoutMs,
      'CLUSTER SLOTS',
    );
    if (!this.#isClosed && Array.isArray(reply)) this.#adopt(readSlots(reply, node.address));
  }

  #adopt(ranges: readonly SlotRange[]): void {
    // A server that knows no ranges has left the cluster.
    if (ranges.length === 0) return;
    const owners = new Array<ClusterServer | undefined>(SLOTS).fill(undefined);
    for (const { from, to, primary } of ranges) owners.fill(this.nodeAt(primary), from, to + 1);
    this.#owners = owners;
    this.#isCovered = !owners.includes(undefined);
    this.#lastAddresses = ranges.flatMap(({ primary, replicas }) => [primary, ...replicas]);
    const current = new Set(owners);
    for (const [name, node] of this.#nodes) {
      if (current.has(node)) continue;
      this.#nodes.delete(name);
      node.server.close();
    }
    this.#logNodes();
  }

  #logNodes(): void {
    const names = [...this.#nodes.keys()].sort().join(' ');
    if (names !== this.#loggedNodes) this.#options.log.info({ servers: names }, 'the Redis Cluster was read');
    this.#loggedNodes = names;
  }

  #scheduleRead(ms: number): void {
    const atMs = this.#options.now() + ms;
    if (this.#isClosed || this.#timerAtMs <= atMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      void this.#read();
    }, ms);
  }

  get #isFullyServed(): boolean {
    if (!this.#isCovered) return false;
    for (const { server } of this.#nodes.values()) if (!server.isUp) return false;
    return true;
  }
}
