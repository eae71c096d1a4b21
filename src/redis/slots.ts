/**
 * The slots of a Redis Cluster, for `slot-map.ts`, `cluster.ts` and `subscription.ts`: the slot of a key, the replies that assign
 * slots to servers, and redirects. (Redis Cluster specification.)
 */
import type { HostPort } from '../model/settings.js';

export const SLOTS = 16_384;

/** CRC-16/XMODEM of each byte: polynomial 0x1021, from 0. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/**
 * Computes the slot of a key, from 0 to 16,383, by the CRC-16 of its hash tag.
 *
 * @param key ASCII only, as all keys of the gateway are
 */
export function slotOf(key: string): number {
  let from = key.indexOf('{') + 1;
  let to = from > 0 ? key.indexOf('}', from) : -1;
  // With nothing between the braces, or no closing one, the whole key counts.
  if (to <= from) [from, to] = [0, key.length];
  let crc = 0;
  for (let i = from; i < to; i++)
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ (key.charCodeAt(i) & 0xff)] ?? 0);
  return crc % SLOTS;
}

/** A run of slots and the primary that holds them. */
export interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly primary: HostPort;
  readonly replicas: readonly HostPort[];
}

/**
 * Reads the reply to CLUSTER SLOTS. Skips malformed entries.
 *
 * @param asked the address of the replying server; a server without a host in the reply is at this host
 */
export function readSlots(reply: readonly unknown[], asked: HostPort): SlotRange[] {
  return reply.flatMap((entry) => {
    if (!Array.isArray(entry)) return [];
    const [from, to, ...servers] = entry as unknown[];
    const [primary, ...replicas] = servers.flatMap((server) => readServer(server, asked));
    if (typeof from !== 'number' || typeof to !== 'number' || !primary) return [];
    return { from, to, primary, replicas };
  });
}

function readServer(server: unknown, asked: HostPort): HostPort[] {
  if (!Array.isArray(server)) return [];
  const [host, port] = server as unknown[];
  if (typeof port !== 'number') return [];
  return [{ host: typeof host === 'string' && host !== '' ? host : asked.host, port }];
}

/** The reply of a server that does not hold the slot: where the slot is now, or where this one call should go. */
export interface Redirect {
  readonly kind: 'moved' | 'ask';
  readonly slot: number;
  /** An empty host means the host of the replying server. */
  readonly to: HostPort;
}

/** Reads a MOVED or ASK error. Returns undefined for every other error. */
export function readRedirect({ message }: Error): Redirect | undefined {
  const [, word, slot, host, port] = /^(MOVED|ASK) (\d{1,5}) (.*):(\d{1,5})$/.exec(message) ?? [];
  if (word === undefined || host === undefined || Number(slot) >= SLOTS) return undefined;
  return {
    kind: word === 'MOVED' ? 'moved' : 'ask',
    slot: Number(slot),
    to: { host, port: Number(port) },
  };
}
