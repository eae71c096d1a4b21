/**
 * The face of forward/, the last stage of the way: an admitted request goes to its upstream, and the answer comes back.
 *
 *    client              gate                                            upstream
 *      │ ── request ──▶  1. a slot of the target (slots.ts)                 │
 *      │                 2. header and body go out ───────────────────────▶ │   request-headers.ts, request-body.ts
 *      │                 3. connected, the request is written ────────────▶ │   pools.ts, connect.ts
 *      │ ◀── head ─────  4. the answer's head ◀──────────────────────────── │   response-headers.ts
 *      │ ◀── body ─────  5. the answer's body, trailers ◀────────────────── │   answer.ts
 *      │                 6. the end; or 7. the upstream fails, 8. the client goes, 9. time runs out (failures.ts)
 *
 * relay.ts is one exchange, and its methods stand in this order under these numbers. A WebSocket takes the same way
 * until the upstream's 101, and is a tunnel from there (tunnel.ts).
 */
import { Refusal } from '../model/refusal.js';
import type { Upstream } from '../model/upstream.js';
import type { Exchange, ForwarderOptions, Outcome, Upgrade } from './exchange.js';
import { BODY_TOO_LARGE } from './failures.js';
import { chooseTarget, createPools, type TargetPool } from './pools.js';
import { Relay } from './relay.js';
import { createJoin } from './tunnel.js';

export type { Exchange, ForwarderOptions, Leash, Outcome, Upgrade } from './exchange.js';

/** A Refusal means that nothing was written to `res`. Both promises settle when the exchange is over, and never reject. */
export interface Forwarder {
  forward(exchange: Exchange): Promise<Outcome | Refusal>;
  tunnel(upgrade: Upgrade): Promise<Outcome | Refusal>;
  /** Waits for the exchanges that are under way, then closes all connections. */
  close(): Promise<void>;
}

const UNKNOWN_UPSTREAM = new Refusal('internal_error', [], 'the route names an upstream that is not there');
const UPGRADE_WITH_BODY = new Refusal('malformed_request', [], 'a WebSocket handshake has no body');

export function createForwarder(upstreams: readonly Upstream[], options: ForwarderOptions): Forwarder {
  const pools = createPools(upstreams, options.log);

  function poolFor({ admission }: Exchange): TargetPool | Refusal {
    const targets = pools.get(admission.route.upstream.name);
    return targets ? chooseTarget(targets) : UNKNOWN_UPSTREAM;
  }

  async function forward(exchange: Exchange): Promise<Outcome | Refusal> {
    const { head, parsedBody, admission, res } = exchange;
    const declared = parsedBody?.length ?? head.contentLength;
    if (declared > admission.route.maxBodyBytes) return BODY_TOO_LARGE;
    const pool = poolFor(exchange);
    return pool instanceof Refusal ? pool : new Relay(exchange, pool, options, undefined, res).run();
  }

  async function tunnel(upgrade: Upgrade): Promise<Outcome | Refusal> {
    // What follows such a head could be read as the body or as the new protocol.
    if (upgrade.head.body !== 'none') return UPGRADE_WITH_BODY;
    const pool = poolFor(upgrade);
    if (pool instanceof Refusal) return pool;
    const joint = createJoin(upgrade, pool.upstream.tunnelIdleMs, options.leash);
    const result = await new Relay(upgrade, pool, options, joint.join, upgrade.socket).run();
    joint.abandon();
    return result;
  }

  async function close(): Promise<void> {
    await Promise.all([...pools.values()].flat().map((pool) => pool.close()));
  }

  return { forward, tunnel, close };
}
