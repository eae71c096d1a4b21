/**
 * Explains what the gateway would do with a request: its own steps, run without effects. Nothing is forwarded, and no limit
 * counts the request. Called by `src/app/build-gateway.ts` for each gateway instance.
 *
 *   parse, read ── match ── authenticate ── authorize ── limits ── upstream ── shadow
 *   explain-request.ts, explain-match.ts, explain-token.ts, explain-access.ts, and so on describe one step each
 */
import type { Admission, RouteMatch } from '../model/decision.js';
import type { ExplainRequest, Explanation } from '../model/explanation.js';
import type { Principal } from '../model/principal.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import { decideEarly, type EarlyDecision } from '../server/server.js';
import { ASSUMED_APP, authenticateCaller } from './authenticate-caller.js';
import type { ExplainContext } from './context.js';
import { describeAccess } from './explain-access.js';
import { describeEarly, type OtherEnd } from './explain-early.js';
import { describeLimits, limitRefusal } from './explain-limits.js';
import { describeMatch } from './explain-match.js';
import { describeRequest, readRequest, type ReadRequest } from './explain-request.js';
import { describeShadow } from './explain-shadow.js';
import { describeToken } from './explain-token.js';
import { describeUpstream } from './explain-upstream.js';
import { placeToken } from './place-token.js';
import { remedyFor } from './remedy.js';
import { detailOf } from './text.js';

export type { ExplainContext } from './context.js';

/** The steps that were explained so far. */
type Steps = Pick<
  Explanation,
  'request' | 'match' | 'token' | 'access' | 'limits' | 'upstream' | 'shadow' | 'notes'
>;

/** How the explanation ends. */
interface Outcome {
  readonly steps: Steps;
  readonly route: Route | undefined;
  /** The refusal, or what happens instead. */
  readonly end: Refusal | OtherEnd;
}

/** Explains a request. Rejects only for a bug in the gateway. */
export async function explain(request: ExplainRequest, context: ExplainContext): Promise<Explanation> {
  const { steps, route, end } = await outcomeOf(request, context);
  const match = route?.match ?? null;
  if (!(end instanceof Refusal)) {
    const { verdict, status, detail, reason = null, remedy = null } = end;
    return { verdict, status, route: match, reason, detail, remedy, ...steps };
  }
  const { status, reason } = end;
  const remedy = remedyFor({ refusal: end, route, explanation: steps, settings: context.settings });
  return { verdict: 'refuse', status, route: match, reason, detail: detailOf(end), remedy, ...steps };
}

async function outcomeOf(request: ExplainRequest, context: ExplainContext): Promise<Outcome> {
  const read = await readWithToken(request, context);
  const steps: Steps = { ...NO_STEPS, request: describeRequest(request, read) };
  if (read instanceof Refusal) return { steps, route: undefined, end: read };
  const { head, target, tunnel } = read;
  const early = decideEarly(context.gateway, head, target, tunnel, false);
  if (early?.kind === 'limit_status') {
    const { route, path } = early.status;
    const found = { route, path, matched: path, query: '' };
    return { ...(await decide(read, found, steps, request, context)), route: undefined };
  }
  if (early) {
    const { end, match } = describeEarly(early, head, context);
    return { steps: { ...steps, match }, route: routeOf(early), end };
  }
  if (target instanceof Refusal) return { steps, route: undefined, end: target };
  const found = context.gateway.steps.match(target, head.method, head.host);
  const match = describeMatch(head, target, found, context.settings);
  if (found instanceof Refusal) return { steps: { ...steps, match }, route: undefined, end: found };
  return decide(read, found, { ...steps, match }, request, context);
}

const NO_STEPS = {
  match: null,
  token: null,
  access: null,
  limits: null,
  upstream: null,
  shadow: null,
  notes: [],
};

/** Reads the request with its token in the place where its route accepts one. */
async function readWithToken(
  request: ExplainRequest,
  context: ExplainContext,
): Promise<ReadRequest | Refusal> {
  if (request.token === undefined) return readRequest(request, context);
  const { issuers } = context.settings;
  const read = await readRequest(request, context);
  if (read instanceof Refusal) return read;
  const { head, target, tunnel } = read;
  const found =
    target instanceof Refusal ? target : context.gateway.steps.match(target, head.method, head.host);
  const route = found instanceof Refusal ? undefined : found.route;
  return readRequest(placeToken(request, route, issuers, tunnel), context);
}

/** The steps from `authenticate` on. */
async function decide(
  read: ReadRequest,
  found: RouteMatch,
  before: Steps,
  request: ExplainRequest,
  context: ExplainContext,
): Promise<Outcome> {
  const { gateway, inspectLimits, isRunning, now } = context;
  const { head } = read;
  const { route, matched } = found;
  const { assumed } = request;
  const caller = await authenticateCaller(head, route, assumed, context);
  const token =
    route.access.kind === 'public' ? null : describeToken(caller, route, assumed !== undefined, context);
  let steps: Steps = { ...before, token };
  const principal = caller.result;
  if (!isRunning && caller.trace.issuer?.keys.kind === 'own') steps = { ...steps, notes: [OWN_TOKENS] };
  if (principal instanceof Refusal) return { steps, route, end: principal };
  const access = describeAccess(principal, route, matched, gateway.steps.authorize);
  steps = { ...steps, access };
  const refused = gateway.steps.authorize(principal, route, matched);
  if (refused) return { steps, route, end: refused };
  const inspection = await inspectLimits(principal, route, head.clientIp);
  steps = {
    ...steps,
    limits: describeLimits(inspection, route, isRunning, now()),
    notes: [...steps.notes, ...notesOf(route, request, isRunning)],
  };
  const limited = limitRefusal(inspection, route);
  if (limited) return { steps, route, end: limited };
  if (route === gateway.limitStatus?.route) return { steps, route, end: LIMIT_STATUS };
  if (route.shadow) {
    const shadow = await describeShadow(principal, route.shadow, matched, head.clientIp, context);
    steps = { ...steps, shadow };
  }
  return forwardEnd(read, found, principal, steps, context);
}

/** The step `forward`, as far as it goes without sending anything. */
function forwardEnd(
  { req, head: sent, tunnel }: ReadRequest,
  found: RouteMatch,
  principal: Principal,
  before: Steps,
  { gateway, settings }: ExplainContext,
): Outcome {
  const { route } = found;
  const plain: Admission = { ...found, principal, quota: undefined, shadow: undefined };
  const admission = gateway.steps.removeToken?.(plain, sent) ?? plain;
  const head = admission.forwardedHead ?? sent;
  const preview = gateway.forwarder.preview({ req, head, admission }, tunnel);
  if (!preview) return { steps: before, route, end: new Refusal('internal_error') };
  const upstream = describeUpstream(preview, route, head, settings.issuers);
  const steps = { ...before, upstream };
  if (preview.refusal) return { steps, route, end: preview.refusal };
  const available = upstream.targets.filter((target) => target.available).map(({ target }) => target);
  const detail = `forwarded to ${upstream.name}: ${head.method} ${preview.path} at ${available.join(' or ')}`;
  return { steps, route, end: { verdict: 'forward', status: 200, detail } };
}

const LIMIT_STATUS: Outcome['end'] = {
  verdict: 'respond',
  status: 200,
  detail: 'limit_status responds: any valid token sees what it has left',
};

function routeOf(early: EarlyDecision): Route | undefined {
  return early.kind === 'preflight' ? early.route : undefined;
}

const OWN_TOKENS = 'Only the running gateway has the keys of its own token service.';

/** What the explanation cannot know. */
function notesOf(route: Route, { assumed }: ExplainRequest, isRunning: boolean): string[] {
  const notes: string[] = [];
  const isCountedByApp = route.limits.some(({ by }) => by === 'app');
  if (assumed && assumed.app === undefined && isCountedByApp && isRunning)
    notes.push(`No app is given: the counts are those of ${ASSUMED_APP}. Name one with --app.`);
  if (!isRunning && route.limits.length > 0)
    notes.push('No running gateway is asked: the counts of the limits are not known.');
  return notes;
}
