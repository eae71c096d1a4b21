/**
 * Explains a refusal that has been sent, from what was kept of it. The token and the counts of that moment are not kept, so
 * these steps are not run again. Called by `src/app/refusal-reports.ts`.
 */
import { invalidTokenOf } from '../authenticate/authenticate.js';
import type { Explanation } from '../model/explanation.js';
import { BROKEN_BODY, CLIENT_CLOSED_REQUEST } from '../model/record.js';
import { isRefusalReason, Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { RecentRefusal } from '../telemetry/recent-refusals.js';
import {
  refusedAccess,
  refusedLimits,
  refusedMatch,
  refusedToken,
  refusedUpstream,
} from './refused-steps.js';
import { failedStepOf, type KnownRefusal, type RefusalContext } from './known-refusal.js';
import { remedyFor } from './remedy.js';
import { detailOf, failed, passed, timeText } from './text.js';

/** Returns the decision. The file, and where no route was found its routes, are those in force now. */
export function explainRefusal(kept: RecentRefusal, context: RefusalContext): Explanation {
  const { route } = kept;
  const refusal = refusalOf(kept);
  const detail = refusal ? detailOf(refusal) : otherDetail(kept);
  const isCurrent = route === undefined || context.settings.routes.includes(route);
  const known: KnownRefusal = {
    ...{ kept, detail, isCurrent },
    step: failedStepOf(kept),
    path: pathOf(kept, context),
  };
  const steps = {
    request: requestOf(known),
    match: refusedMatch(known, context),
    token: refusedToken(known),
    access: refusedAccess(known, context),
    limits: refusedLimits(known),
    upstream: refusedUpstream(known),
    shadow: null,
  };
  return {
    verdict: 'refuse',
    status: kept.status === CLIENT_CLOSED_REQUEST ? (refusal?.status ?? kept.status) : kept.status,
    route: route?.match ?? null,
    reason: kept.reason,
    detail,
    remedy: refusal
      ? remedyFor({ refusal, route, explanation: steps, settings: context.settings })
      : otherRemedy(kept),
    notes: notesOf(known),
    ...steps,
  };
}

/** The refusal as its step made it, without its header fields; undefined for what no step of the pipeline refused. */
function refusalOf({ reason, detail }: RecentRefusal): Refusal | undefined {
  if (!isRefusalReason(reason)) return undefined;
  return (reason === 'invalid_token' ? invalidTokenOf(detail) : undefined) ?? new Refusal(reason, [], detail);
}

function otherDetail({ reason, endpoint }: RecentRefusal): string {
  if (reason === BROKEN_BODY) return 'The body is not what its header fields say';
  return `The endpoint ${endpoint ?? ''} of the token service responded with ${reason}`;
}

function otherRemedy({ reason }: RecentRefusal): string {
  if (reason === BROKEN_BODY) return 'Send a body that is valid HTTP/1.1.';
  return 'Change the request to this endpoint: its response says what was wrong.';
}

/** A path that was cut, or from which a token was taken, is not the one that was matched. */
function pathOf({ path, host = '' }: RecentRefusal, { gateway }: RefusalContext): string | undefined {
  if (path === undefined || path.endsWith('…') || path.includes('[token]')) return undefined;
  const target = gateway.readTarget({ target: path, host } as RequestHead);
  return target instanceof Refusal ? undefined : target.path;
}

function requestOf({ kept, step, detail, path }: KnownRefusal): Explanation['request'] {
  const { method = '', host = '', clientIp } = kept;
  const isPlain = path === undefined || path === kept.path;
  return {
    method,
    host,
    path: path ?? kept.path ?? null,
    normalized: isPlain ? [] : [`${kept.path ?? ''} is read as ${path}`],
    client_ip: clientIp,
    checks: [step === 'request' ? failed('head', detail) : passed('head', `from ${clientIp}`)],
  };
}

function notesOf({ kept, isCurrent, path }: KnownRefusal): readonly string[] {
  const notes = [`It was refused at ${timeText(kept.atMs)}; its token and the counts are not kept.`];
  if (kept.status === CLIENT_CLOSED_REQUEST) notes.push('The client left before it had the response.');
  if (!isCurrent) notes.push('The configuration was loaded again since; the route is as it was then.');
  if (kept.path !== undefined && path === undefined) notes.push('The path is not kept whole.');
  return notes;
}
