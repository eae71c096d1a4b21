/** Explains the rules in shadow: what they would do with an admitted request, were they in force. */
import type { Principal } from '../model/principal.js';
import type { ExplainedShadow } from '../model/explanation.js';
import type { Route } from '../model/route.js';
import type { ExplainContext } from './context.js';
import { describeAccess } from './explain-access.js';
import { describeLimits, limitRefusal } from './explain-limits.js';

/** Describes the rules in shadow. @param path the matched path */
export async function describeShadow(
  principal: Principal,
  shadow: Route,
  path: string,
  clientIp: string,
  { gateway, inspectLimits, isRunning, now }: ExplainContext,
): Promise<ExplainedShadow> {
  const { authorize } = gateway.steps;
  const access = describeAccess(principal, shadow, path, authorize);
  const inspection = await inspectLimits(principal, shadow, clientIp);
  const { limits, checks } = describeLimits(inspection, shadow, isRunning, now());
  const refusal = authorize(principal, shadow, path) ?? limitRefusal(inspection, shadow);
  return {
    status: refusal?.status ?? null,
    reason: refusal?.reason ?? null,
    limits,
    checks: [
      ...access.checks.filter(({ name }) => name !== 'public' && name !== 'token'),
      ...(limits.length > 0 ? checks : []),
    ],
  };
}
