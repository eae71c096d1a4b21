/** Explains a request that never comes to the pipeline: the gateway responds to it itself, or refuses it before `match`. */
import type { ExplainedMatch, Explanation } from '../model/explanation.js';
import type { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import { allowedMethods, onlyText } from '../model/token-paths.js';
import type { EarlyDecision } from '../server/server.js';
import type { ExplainContext } from './context.js';
import { allowedBy, routeText } from './explain-match.js';
import { detailOf, failed, listText } from './text.js';

/** What happens to a request, where that is not a refusal of the pipeline. */
export type OtherEnd = Pick<Explanation, 'verdict' | 'status' | 'detail'> &
  Partial<Pick<Explanation, 'reason' | 'remedy'>>;

/** The end, and the step `match` where the method decides. */
export interface EarlyOutcome {
  readonly end: Refusal | OtherEnd;
  readonly match: ExplainedMatch | null;
}

/** Explains the decision. Whether the token service finds the request valid is not foreseen, but its 405 is. */
export function describeEarly(
  early: Exclude<EarlyDecision, { kind: 'limit_status' }>,
  { method }: Pick<RequestHead, 'method'>,
  { settings, gateway: { tokens } }: Pick<ExplainContext, 'settings' | 'gateway'>,
): EarlyOutcome {
  switch (early.kind) {
    case 'preflight': {
      const rules = early.route ? routeText(early.route, settings.source) : settings.source;
      return respond(204, `a preflight: the gateway responds by the cors of ${rules}`);
    }
    case 'tokens': {
      const only = tokens?.methodOf(early.path) ?? 'POST';
      const allowed = allowedMethods(only);
      if (!allowed.includes(method)) return wrongMethod(allowed, method, 'invalid_request', onlyText(only));
      return respond(200, `the token service responds to ${early.path}`);
    }
    case 'reject': {
      const { refusal } = early.rejection;
      const { reason } = refusal;
      if (reason !== 'method_not_allowed') return { end: refusal, match: null };
      return wrongMethod(allowedBy(refusal), method, reason, detailOf(refusal));
    }
  }
}

function respond(status: number, detail: string): EarlyOutcome {
  return { end: { verdict: 'respond', status, detail }, match: null };
}

/** @param reason as in the access log */
function wrongMethod(
  allowed: readonly string[],
  method: string,
  reason: string,
  detail: string,
): EarlyOutcome {
  const text = `the gateway's own endpoint has ${listText(allowed, 'and')}, not ${method}`;
  const checks = [failed('method', text)];
  return {
    end: { verdict: 'refuse', status: 405, reason, detail, remedy: `Use ${listText(allowed, 'or')}.` },
    match: { route: null, others: [], nearest: null, allowed_methods: allowed, checks },
  };
}
