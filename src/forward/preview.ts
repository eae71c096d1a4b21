/** Says what the forwarder would do with an admitted request, without choosing a target: for `explain`. */
import type { FlatHeaders } from '../model/refusal.js';
import { Refusal } from '../model/refusal.js';
import type { Exchange } from './exchange.js';
import { BODY_TOO_LARGE } from './failures.js';
import { upstreamRequest } from './upstream-request.js';
import type { TargetPool } from './target-pool.js';
import type { UpstreamPools } from './upstream-pools.js';

/**
 * Whether a target may get a request now. `down`: its health checks fail or its circuit breaker is open. `ejected`: it has
 * failed, so others are preferred. `busy`: all of its slots are taken.
 */
export type TargetPreviewState = 'available' | 'down' | 'ejected' | 'busy';

export interface ForwardPreview {
  /** Why the request would not be sent; undefined where it would. */
  readonly refusal: Refusal | undefined;
  readonly targets: readonly { readonly target: string; readonly state: TargetPreviewState }[];
  /** The path and query. */
  readonly path: string;
  /** As sent to the first of the targets that may be chosen. */
  readonly headers: FlatHeaders;
}

/** What the preview needs of an exchange. */
export type PreviewedExchange = Pick<Exchange, 'req' | 'head' | 'admission'>;

/** Previews an exchange with an upstream. Changes nothing: round robin does not advance, and no slot is taken. */
export function previewForward(
  exchange: PreviewedExchange,
  pools: UpstreamPools,
  isHandshake: boolean,
): ForwardPreview {
  const candidates = pools.candidates();
  const pool = candidates instanceof Refusal ? pools.all[0]! : candidates[0]!;
  const { path, headers } = upstreamRequest(exchange, pool, null, isHandshake);
  const { head, admission } = exchange;
  const isTooLarge = head.contentLength > admission.route.maxBodyBytes;
  return {
    refusal: isTooLarge ? BODY_TOO_LARGE : candidates instanceof Refusal ? candidates : undefined,
    targets: pools.all.map((each) => ({ target: each.target.origin, state: stateOf(each) })),
    path,
    headers: headers as FlatHeaders,
  };
}

function stateOf({ availability, slots }: TargetPool): TargetPreviewState {
  if (!availability.admits) return 'down';
  if (availability.isEjected) return 'ejected';
  return slots.hasFreeSlot ? 'available' : 'busy';
}
