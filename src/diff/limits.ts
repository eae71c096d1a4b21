/**
 * Compares the limits of routes. A limit is looser where some interval admits more: for every limit that a request was
 * counted under, the limits that it is counted under now must keep any N + 1 requests at least a window apart.
 *
 * The requests that one old limit counts together may now belong to several routes. Only limits that count all of them
 * together hold them back, so two routes with the limit of one admit twice as much.
 */
import type { LimitPolicy, LimitSubject } from '../model/limit.js';
import type { Route } from '../model/route.js';
import { widened, type Finding } from './change.js';
import { durationText, limitsText, limitText } from './words.js';

/** N requests per window. */
type Rate = Pick<LimitPolicy, 'requests' | 'windowMs'>;

/** Beyond this many requests only one limit at a time is considered, which may call a stricter file looser. */
const MOST_EXACT = 100_000;

/**
 * Whether requests that satisfy every rate of `now` satisfy `old`.
 *
 * A rate keeps the request k·N places later at least k windows later. The rates of `now` together keep a request as much
 * later as the best sum of such steps; it must be `old`'s window, `old`'s N places later.
 */
export function admitsNoMore(now: readonly Rate[], old: Rate): boolean {
  if (now.some((rate) => Math.floor(old.requests / rate.requests) * rate.windowMs >= old.windowMs))
    return true;
  if (now.length < 2 || old.requests > MOST_EXACT) return false;
  const laterMs = new Float64Array(old.requests + 1);
  for (let places = 1; places <= old.requests; places++) {
    laterMs[places] = laterMs[places - 1]!;
    for (const { requests, windowMs } of now) {
      if (requests <= places)
        laterMs[places] = Math.max(laterMs[places]!, laterMs[places - requests]! + windowMs);
    }
  }
  return laterMs[old.requests]! >= old.windowMs;
}

/** Who is counted together. All anonymous callers of a public route are one app. */
function subjectOf({ by }: LimitPolicy, { access }: Route): LimitSubject {
  return by === 'app' && access.kind === 'public' ? 'route' : by;
}

/** The new routes of an old one's requests. */
export type Successors = ReadonlyMap<Route, ReadonlySet<Route>>;

/**
 * Returns the old limits of a route that its requests' new limits do not keep.
 * @param oldRoutes all routes of the old file, since a share counts several together
 */
export function looserLimits(
  route: Route,
  oldRoutes: readonly Route[],
  successors: Successors,
): readonly LimitPolicy[] {
  return route.limits.filter((limit) => {
    const counted = oldRoutes.filter(({ limits }) => limits.some(({ id }) => id === limit.id));
    const now = [...new Set(counted.flatMap((each) => [...(successors.get(each) ?? [])]))];
    if (!successors.has(route)) return false;
    return !admitsNoMore(commonRates(now, subjectOf(limit, route)), limit);
  });
}

/** Of two limits with one count the lower one decides. */
function lowest({ limits }: Route, id: string): number {
  return Math.min(...limits.filter((each) => each.id === id).map(({ requests }) => requests));
}

/** The limits that count the requests of all these routes together, for everyone whom `subject` counts together. */
function commonRates(routes: readonly Route[], subject: LimitSubject): readonly Rate[] {
  const [first] = routes;
  const common = (first?.limits ?? []).filter(({ id }) =>
    routes.every((route) =>
      route.limits.some((each) => each.id === id && isAsCoarse(subjectOf(each, route), subject)),
    ),
  );
  return common.map(({ id, windowMs }) => ({
    windowMs,
    requests: Math.max(...routes.map((route) => lowest(route, id))),
  }));
}

function isAsCoarse(now: LimitSubject, old: LimitSubject): boolean {
  return now === old || now === 'route';
}

/** The routes of both files. */
interface Tables {
  readonly old: { readonly routes: readonly Route[] };
  readonly new: { readonly routes: readonly Route[] };
}

/**
 * Returns how the limits of an old route and of the new one of the same match differ.
 * @param looser the old limits that are not kept
 * @param files show whether a share has other routes
 */
export function compareLimits(
  old: Route,
  now: Route,
  looser: readonly LimitPolicy[],
  files: Tables,
): readonly Finding[] {
  const before = limitsText(old.limits);
  const after = limitsText(now.limits);
  if (looser.length === 0) {
    const isSame = countsText(old, files.old.routes) === countsText(now, files.new.routes);
    return isSame ? [] : [widened(false, 'limit', `limit: ${after} instead of ${before}`)];
  }
  if (before === after) {
    const text = `limit: ${limitsText(looser)} is counted apart from other requests that were counted with these`;
    return [widened(true, 'limit', text)];
  }
  // Numbers that admit no more are looser only where the requests had one count with others.
  const isApart = looser.every((limit) => admitsNoMore(commonRates([now], subjectOf(limit, old)), limit));
  const how = isApart ? ', counted apart,' : '';
  const shadow = isInShadow(looser, now) ? '; it is in shadow' : '';
  const text = `limit: ${after}${how} instead of ${before}${isApart ? '' : burst(looser, now)}${shadow}`;
  return [widened(true, 'limit', text)];
}

/** The limits without the shares that count no other route. */
function countsText(route: Route, routes: readonly Route[]): string {
  const others = routes.filter((each) => each !== route);
  const isShared = ({ id }: LimitPolicy): boolean =>
    others.some(({ limits, shadow }) =>
      [...limits, ...(shadow?.limits ?? [])].some((each) => each.id === id),
    );
  return limitsText(route.limits.map((limit) => (isShared(limit) ? limit : { ...limit, share: undefined })));
}

/** Whether the limits that are not kept are still counted, and refuse nobody. */
function isInShadow(looser: readonly LimitPolicy[], { shadow }: Route): boolean {
  const counted = (shadow?.limits ?? []).map(limitText);
  return looser.every((limit) => counted.includes(limitText(limit)));
}

/** Says how many requests a shorter window admitted, where that is not plain from the numbers. */
function burst([limit]: readonly LimitPolicy[], { limits }: Route): string {
  const least = limits.reduce<LimitPolicy | undefined>(
    (lowest, each) => (lowest && lowest.requests <= each.requests ? lowest : each),
    undefined,
  );
  if (!limit || !least || least.requests <= limit.requests || least.windowMs <= limit.windowMs) return '';
  return `: ${least.requests} in ${durationText(limit.windowMs)} are admitted`;
}
