/** `api/sample` of the console: the sample application of `tollgate demo`, with a token that works. Mounted in the demo alone. */
import { Router } from 'express';
import { ApiError } from '../../admin/api-error.js';
import { reportRegistry } from '../../admin/registry-errors.js';
import { policyOf } from '../../tokens/administration/policy.js';
import type { Sample } from '../api/sample.js';
import { actorOf } from './session-guard.js';

/** The sample application, as the demo knows it. */
export interface SampleApp {
  readonly name: string;
  readonly organization: string;
  readonly scopes: readonly string[];
  readonly issuer: string;
  readonly app: string;
  /** Whether it was created in the registry. */
  readonly isRegistered: boolean;
  /** Returns a token that does not expire soon; undefined where none can be issued. Never rejects. */
  readonly token: () => Promise<string | undefined>;
}

/** Returns the sample application; undefined while the demo is still creating it. */
export type FindSample = () => SampleApp | undefined;

export interface SampleApiOptions {
  readonly find: FindSample;
  /** Whether the registry has an application. Rejects where the registry is unavailable. */
  readonly isThere: (key: string) => Promise<boolean>;
  /** Lines for a shell that make requests with a token. */
  readonly requests: (token: string | undefined) => Sample['requests'];
}

/** Creates the router. Responds 404 to a developer who may not have tokens of the application. */
export function createSampleApi({ find, isThere, requests }: SampleApiOptions): Router {
  const api = Router({ caseSensitive: true });
  api.get('/sample', async (req, res) => {
    const sample = find();
    if (!sample || !policyOf(actorOf(req)).mayHaveTokensOf(sample))
      throw new ApiError(404, 'No sample application');
    const { name, organization, issuer, app, isRegistered } = sample;
    const state: Sample['state'] = !isRegistered
      ? 'foreign'
      : (await isThere(app))
        ? 'registered'
        : 'deleted';
    const token = await sample.token();
    const body = { name, organization, issuer, app, state, token: token ?? null, requests: requests(token) };
    res.json(body satisfies Sample);
  });
  api.use(reportRegistry);
  return api;
}
