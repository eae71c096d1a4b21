/** The pipeline: what the rules in shadow of a route do between its steps. */
import { expect, it } from 'vitest';
import { createAuthorize } from '../src/authorize/authorize.js';
import { admit, type PipelineSteps } from '../src/gateway.js';
import { createLimit } from '../src/limit/limit.js';
import { ANONYMOUS } from '../src/model/principal.js';
import { Refusal } from '../src/model/refusal.js';
import type { Route } from '../src/model/route.js';
import { policy } from './limit/policies.js';
import { headOf } from './match/head-of.js';
import { routeOf } from './model/route-of.js';

const REVOKED = new Refusal('invalid_token', [], 'The token has been revoked');
const ANY = { scope: { mode: 'all', scopes: [] } } as const;

it('A token that is revoked while a limit in shadow waits for its store is refused', async () => {
  let isRevoked = false;
  const decision = { admitted: true, decidingLimit: 0, remaining: 1, resetAtMs: 1, waitMs: 1 };
  const limit = createLimit({
    store: {
      consume: () => {
        isRevoked = true;
        return Promise.resolve(decision);
      },
    },
    local: undefined,
    draftHeaders: false,
    checkRevocation: () => (isRevoked ? REVOKED : undefined),
  });
  const open = routeOf('GET /a', ANY);
  const route: Route = { ...open, shadow: { ...open, limits: [policy(3, 1000)], onFailure: 'open' } };
  const steps: PipelineSteps = {
    match: () => ({ route, path: '/a', matched: '/a', query: '' }),
    authenticate: () => Promise.resolve({ ...ANONYMOUS, issuer: 'main', app: 'app-1' }),
    authorize: createAuthorize(),
    limit,
  };
  const decided = await admit(
    steps,
    { ...headOf('GET /a'), headError: undefined },
    { path: '/a', query: '' },
  );
  expect('refusal' in decided && decided.refusal).toBe(REVOKED);
});
