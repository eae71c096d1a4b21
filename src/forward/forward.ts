/**
 * The entry of forward/, the last step of the pipeline: sends an admitted request to its upstream and streams the
 * response.
 *
 *    client              gateway                                         upstream
 *      │ ── request ──▶     a small body is read in full (small-body.ts)    │
 *      │                 0. a target (upstream-pools.ts, balance.ts)        │   availability/
 *      │                 1. a slot of the target                            │   concurrency-limiter.ts, shares.ts
 *      │                 2. header and body are sent ─────────────────────▶ │   request-headers.ts, request-body.ts
 *      │                 3. connected, the request is written ────────────▶ │   attempt.ts, target-pool.ts, connect.ts
 *      │ ◀── head ─────  4. the response head ◀──────────────────────────── │   response-head.ts, response-headers.ts
 *      │ ◀── body ─────  5. the response body, trailers ◀────────────────── │   response-writer.ts
 *      │                 6. the end; or 7. the upstream fails, 8. the client leaves, 9. a timeout (failures.ts)
 *
 * proxy-exchange.ts is one exchange; its methods follow this order and these numbers. Every path ends in
 * exchange-state.ts. Where 2 to 4 fail, a safe request may be sent again, to another target, as a new attempt of the
 * same exchange (retries.ts, retry-budget.ts). A WebSocket takes the same steps until the upstream's 101, and then is a
 * tunnel (tunnel.ts).
 */
import { Refusal } from '../model/refusal.js';
import { CLIENT_CLOSED_REQUEST } from '../model/record.js';
import type { Exchange, ForwarderOptions, ForwardOutcome, Upgrade } from './exchange.js';
import { BODY_TOO_LARGE, REVOKED, TUNNELS_FULL } from './failures.js';
import { previewForward, type ForwardPreview, type PreviewedExchange } from './preview.js';
import { ProxyExchange } from './proxy-exchange.js';
import { SmallBodies, type SmallBody } from './small-body.js';
import { setUpTunnel } from './tunnel.js';
import type { TargetState, UpstreamPools } from './upstream-pools.js';

export type { ForwardPreview } from './preview.js';
export type { Exchange, ForwarderOptions, TokenWatcher, ForwardOutcome, Upgrade } from './exchange.js';
export {
  openUpstream,
  type TargetState,
  type UpstreamOptions,
  type UpstreamPools,
} from './upstream-pools.js';

/**
 * A Refusal means that nothing was written to `res`. Both promises settle when the exchange is over; neither rejects.
 */
export interface Forwarder {
  forward(exchange: Exchange): Promise<ForwardOutcome | Refusal>;
  tunnel(upgrade: Upgrade): Promise<ForwardOutcome | Refusal>;
  /** Says what `forward` or `tunnel` would do with an exchange; undefined where its upstream is unknown. Has no effect. */
  preview(exchange: PreviewedExchange, isHandshake: boolean): ForwardPreview | undefined;
  /** The known state of every target. */
  targets(): readonly TargetState[];
}

const UNKNOWN_UPSTREAM = new Refusal('internal_error', [], 'the route names an unknown upstream');
const UPGRADE_WITH_BODY = new Refusal('malformed_request', [], 'a WebSocket handshake has no body');

const CLIENT_GONE: ForwardOutcome = {
  status: CLIENT_CLOSED_REQUEST,
  target: undefined,
  upstreamMs: 0,
  bytes: 0,
  fault: 'client_gone',
};

/**
 * Creates the forwarder of a gateway instance.
 *
 * @param upstreams by name; the caller opens and closes them
 */
export function createForwarder(
  upstreams: ReadonlyMap<string, UpstreamPools>,
  options: ForwarderOptions,
): Forwarder {
  const smallBodies = new SmallBodies(options);
  const upstreamOf = ({ admission }: Pick<Exchange, 'admission'>): UpstreamPools | undefined =>
    upstreams.get(admission.route.upstream.name);

  async function forward(exchange: Exchange): Promise<ForwardOutcome | Refusal> {
    const { head, parsedBody, admission } = exchange;
    const declared = parsedBody?.length ?? head.contentLength;
    if (declared > admission.route.maxBodyBytes) return BODY_TOO_LARGE;
    const pools = upstreamOf(exchange);
    if (pools === undefined) return UNKNOWN_UPSTREAM;
    const body = smallBodies.read(exchange, pools.isScarce);
    if (body instanceof Promise) return forwardAfter(exchange, pools, body);
    if (body instanceof Buffer) exchange.parsedBody = body;
    return send(exchange, pools);
  }

  async function forwardAfter(
    exchange: Exchange,
    pools: UpstreamPools,
    pending: Promise<SmallBody>,
  ): Promise<ForwardOutcome | Refusal> {
    const body = await pending;
    if (body instanceof Refusal) return body;
    if (body === 'client_gone') return CLIENT_GONE;
    if (options.streamWatcher?.isRevoked(exchange.admission.principal) === true) return REVOKED;
    exchange.parsedBody = body;
    return send(exchange, pools);
  }

  function send(exchange: Exchange, pools: UpstreamPools): Promise<ForwardOutcome | Refusal> | Refusal {
    const pool = pools.choose();
    return pool instanceof Refusal ? pool : new ProxyExchange(exchange, pools, pool, options).run();
  }

  async function tunnel(upgrade: Upgrade): Promise<ForwardOutcome | Refusal> {
    const { body, contentLength } = upgrade.head;
    // What follows such a head could be read as the body or as the new protocol.
    if (body === 'chunked' || contentLength > 0) return UPGRADE_WITH_BODY;
    const pools = upstreamOf(upgrade);
    if (pools === undefined) return UNKNOWN_UPSTREAM;
    const pool = pools.choose();
    if (pool instanceof Refusal) return pool;
    if (!pool.tunnels.admits(upgrade)) return TUNNELS_FULL;
    const setup = setUpTunnel(upgrade, pools.upstream.tunnelIdleMs, options.streamWatcher);
    const result = await new ProxyExchange(upgrade, pools, pool, options, {
      join: setup.join,
      socket: upgrade.socket,
    }).run();
    setup.abandon();
    return result;
  }

  function preview(exchange: PreviewedExchange, isHandshake: boolean): ForwardPreview | undefined {
    const pools = upstreamOf(exchange);
    return pools && previewForward(exchange, pools, isHandshake);
  }

  return {
    forward,
    tunnel,
    preview,
    targets: () => [...upstreams.values()].flatMap((pools) => pools.states()),
  };
}
