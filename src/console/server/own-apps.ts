/** Which apps an actor sees, for what is not a part of the registry: refusals, counts, explanations. */
import type { Request } from 'express';
import type { AdministrationOf } from '../../admin/apps-api.js';
import { NAMED, TOKENS } from '../../model/tokens.js';
import { actorOf } from './session-guard.js';

/** Whether the actor sees an app of an issuer. Null where none is known. */
export type SeesApp = (issuer: string | null, app: string | null) => boolean;

/**
 * Returns what the actor of a request sees: everything, or the apps of the own organization, which are apps of the token
 * service. Rejects where the registry is unavailable.
 *
 * @param administrationOf undefined without a token service
 */
export async function seenBy(req: Request, administrationOf: AdministrationOf | undefined): Promise<SeesApp> {
  if (actorOf(req).kind === 'administrator') return () => true;
  const own = new Set((await administrationOf?.(req).listApps())?.map(({ key }) => key));
  return (issuer, app) => (issuer === TOKENS || issuer === NAMED) && app !== null && own.has(app);
}
