/** `api/traffic`, `api/quotas`, `api/apps/KEY/activity` and `api/overview` of the console. Mounted by `console.ts`, behind a session. */
import { Router, type Request } from 'express';
import { ApiError, queryOf } from '../../admin/api-error.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import { policyOf, type Actor } from '../../tokens/administration/policy.js';
import { registryKeyOf } from './app-directory.js';
import { overviewOf, type OverviewSources } from './overview.js';
import { quotasOf, type QuotaSources } from './quotas.js';
import { isRangeName, trafficView, type RangeName } from './traffic-view.js';

export interface TrafficApiOptions extends OverviewSources, QuotaSources {
  /** Who makes a request. */
  readonly actorOf: (req: Request) => Actor;
}

/** Creates the router. Responds 404 where the actor sees no such app, and 503 where that cannot be known. */
export function createTrafficApi(options: TrafficApiOptions): Router {
  const { actorOf, apps } = options;
  const api = Router({ caseSensitive: true });
  api.get('/traffic', async (req, res) => {
    res.json(await trafficView(actorOf(req), rangeOf(req), options));
  });
  api.get('/quotas', async (req, res) => {
    res.json(await quotasOf(actorOf(req), rangeOf(req), options));
  });
  api.get('/apps/:key/activity', async (req, res) => {
    const { key } = req.params;
    const actor = actorOf(req);
    const range = rangeOf(req);
    const app = (await apps?.find([key]))?.get(key);
    if (!app || !policyOf(actor).seesApp(app.organization)) throw new ApiError(404, 'No such app');
    res.json(await trafficView(actor, range, options, (one) => registryKeyOf(one) === key));
  });
  api.get('/overview', async (req, res) => {
    queryOf(req, []);
    res.json(await overviewOf(actorOf(req), options));
  });
  api.use(reportRegistry);
  return api;
}

function rangeOf(req: Request): RangeName {
  const { range = '15m' } = queryOf(req, ['range']);
  if (!isRangeName(range)) throw new ApiError(400, '"range" must be 15m or 1h');
  return range;
}
