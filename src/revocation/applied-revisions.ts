/**
 * How far the gateways that share a Redis have applied the registry's revocations, for the console. Each process of a gateway
 * writes the revision that it has applied to a field of its own in one hash, when it changes and every ten seconds:
 *
 *   KEY   a hash: GATEWAY.PROCESS → "REVISION TIME", the time in milliseconds by the clock of Redis
 *
 * A field that is older than half a minute is of a process that has ended: it is not counted, and the next writer removes it.
 * Where Redis is unavailable, nothing is written, and it is not known how many gateways there are.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RevocationRedis } from './revocation-notifier.js';

/** How many gateways have applied a revision, of those that are running. */
export interface GatewaysReached {
  readonly reached: number;
  readonly total: number;
}

export interface AppliedRevisionsOptions {
  readonly redis: RevocationRedis;
  /** The key of the hash. */
  readonly key: string;
  /** The same for all workers of a gateway, and another for every start. Letters and digits. */
  readonly gateway: string;
  /** Another for every process of the gateway. */
  readonly process: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const WRITE_EVERY_MS = 10_000;
/** While Redis is unavailable, also at a start, so that this process is counted soon afterwards. */
const TRY_AGAIN_MS = 500;
const ENDED_AFTER_MS = 30_000;
const KEY_EXPIRES_MS = 60_000;
/** How long others may take to apply a revision. */
const WAIT_MS = 1000;
const LOOK_EVERY_MS = 50;
/** Longer than that of a limit check: a late call here says nothing of those. */
const CALL_MS = 1000;

/** Calls `each` with every field that is in use, and returns those that are not. */
const EACH_FIELD = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function eachField(each)
  local ended = {}
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', KEYS[1], cursor, 'COUNT', 1000)
    cursor = page[1]
    for i = 1, #page[2], 2 do
      local revision, at = string.match(page[2][i + 1], '^(%d+) (%d+)$')
      if revision and now - tonumber(at) < ${ENDED_AFTER_MS} then
        each(page[2][i], revision)
      else
        ended[#ended + 1] = page[2][i]
      end
    end
  until cursor == '0'
  return ended
end
`;

/** ARGV: the process and its revision, which is empty where the process ends. */
const WRITE = `${EACH_FIELD}
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. string.format('%.0f', now))
for i, field in ipairs(eachField(function() end)) do redis.call('HDEL', KEYS[1], field) end
redis.call('PEXPIRE', KEYS[1], ${KEY_EXPIRES_MS})
return {}
`;

/** Replies processes and their revisions. */
const LIST = `${EACH_FIELD}
local found = {}
eachField(function(name, revision)
  found[#found + 1] = name
  found[#found + 1] = revision
end)
return found
`;

/** Writes what this process has applied, and reads what the others have. Nothing throws or rejects. */
export class AppliedRevisions {
  readonly #options: AppliedRevisionsOptions;
  readonly #name: string;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #revision: number | undefined;

  constructor(options: AppliedRevisionsOptions) {
    this.#options = options;
    this.#name = `${options.gateway}.${options.process}`;
  }

  /** To be called with each revision that this process has applied. */
  onApplied(revision: number | undefined): void {
    if (revision === this.#revision) return;
    this.#revision = revision;
    void this.#write();
  }

  /**
   * Waits up to a second until all processes have applied a revision. A gateway has when all of its processes have.
   *
   * @returns undefined where Redis is unavailable
   */
  async reached(revision: number): Promise<GatewaysReached | undefined> {
    const { now } = this.#options;
    const endMs = now() + WAIT_MS;
    for (;;) {
      const found = await this.#count(revision);
      if (!found || found.reached === found.total || now() + LOOK_EVERY_MS > endMs) return found;
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Stops writing. The others no longer count this process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    // The connection may be closed right after this. Redis knows the script already, so one message is enough.
    await this.#send('');
  }

  async #write(): Promise<void> {
    const reply = await this.#send(this.#revision ?? '');
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    const ms = reply === 'unavailable' ? TRY_AGAIN_MS : WRITE_EVERY_MS;
    this.#timer = setTimeout(() => void this.#write(), ms).unref();
  }

  #send(revision: number | ''): ReturnType<RevocationRedis['runScript']> {
    const { redis, key } = this.#options;
    return redis.runScript(WRITE, [key], [this.#name, revision], CALL_MS);
  }

  async #count(revision: number): Promise<GatewaysReached | undefined> {
    const { redis, key, gateway } = this.#options;
    const reply = await redis.runScript(LIST, [key], [], CALL_MS);
    if (reply === 'unavailable') return undefined;
    // What this process has applied is known better here.
    const hasApplied = new Map([[gateway, (this.#revision ?? -1) >= revision]]);
    for (let at = 0; at + 1 < reply.length; at += 2) {
      const [name, applied] = [String(reply[at]), Number(reply[at + 1])];
      if (name === this.#name) continue;
      const other = name.slice(0, name.indexOf('.'));
      hasApplied.set(other, (hasApplied.get(other) ?? true) && applied >= revision);
    }
    const reached = [...hasApplied.values()].filter(Boolean).length;
    return { reached, total: hasApplied.size };
  }
}
