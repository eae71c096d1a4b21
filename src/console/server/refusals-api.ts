/** `api/refusals` of the console: recent refusals, and the decision of one. A developer sees those of the own apps. */
import { Router } from 'express';
import { ApiError, queryOf } from '../../admin/api-error.js';
import type { AdministrationOf } from '../../admin/apps-api.js';
import { limitOf, MAX_LIMIT, NO_REFUSAL, type RefusalsApiOptions } from '../../admin/refusals-api.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import type { ListedRefusal } from '../../telemetry/refusal-json.js';
import type { RecentRefusal, RecentRefusals } from '../api/traffic.js';
import { forActor } from './explain-api.js';
import { seenBy } from './own-apps.js';
import { actorOf } from './session-guard.js';
import { secondsOf } from './times.js';

export interface ConsoleRefusalsOptions extends RefusalsApiOptions {
  /** Undefined without a token service. */
  readonly administrationOf: AdministrationOf | undefined;
}

/** Creates the router. Responds 404 where no such refusal is kept, or the actor does not see its app. */
export function createConsoleRefusals({ list, find, administrationOf }: ConsoleRefusalsOptions): Router {
  const api = Router({ caseSensitive: true });
  api.get('/refusals', async (req, res) => {
    const { limit: text, app, route, shadow: kind } = queryOf(req, ['limit', 'app', 'route', 'shadow']);
    const shadow = isShadow(kind);
    const limit = limitOf(text);
    const sees = await seenBy(req, administrationOf);
    const all = await list({
      limit: actorOf(req).kind === 'administrator' ? limit : MAX_LIMIT,
      app,
      route,
      shadow,
    });
    const seen = all.filter((refusal) => sees(refusal.issuer, refusal.app)).slice(0, limit);
    res.json({ refusals: seen.map(refusalOf) } satisfies RecentRefusals);
  });
  api.get('/refusals/:id', async (req, res) => {
    const found = await find(req.params.id);
    const sees = await seenBy(req, administrationOf);
    if (!found || !sees(found.refusal.issuer, found.refusal.app)) throw new ApiError(404, NO_REFUSAL);
    res.json({ ...forActor(found, actorOf(req)), refusal: refusalOf(found.refusal) });
  });
  api.use(reportRegistry);
  return api;
}

/** Whether requests that rules in shadow would have refused are asked for. */
function isShadow(text = 'false'): boolean {
  if (text !== 'true' && text !== 'false') throw new ApiError(400, '"shadow" must be true or false');
  return text === 'true';
}

function refusalOf(refusal: ListedRefusal): RecentRefusal {
  const { request_id, time, method, path, route, endpoint, issuer, app, status, reason, detail } = refusal;
  const at = secondsOf(time);
  return { request_id, at, method, path, route: route ?? endpoint, issuer, app, status, reason, detail };
}
