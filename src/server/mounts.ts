/**
 * As a library: removes the mount path from a request's URL. Express does this for a middleware, but an upgrade never
 * passes through Express, and WebSockets must be matched as requests are. Used by `edge.ts` and `src/index.ts`.
 */
import type { IncomingMessage } from 'node:http';

export interface Mounts {
  /**
   * Removes the mount path from `req.url` where this is not done yet.
   *
   * @param isUpgrade whether the request came by the server's `upgrade` event
   * @returns false where the request is not under the mount path
   */
  removeMountPath(req: IncomingMessage, isUpgrade: boolean): boolean;
}

/** A mount path with parameters has a different value for each of them, and clients choose those values. */
const MAX_LEARNT = 16;

/**
 * Creates the object that removes the mount path.
 *
 * @param mount the mount path; without it, it is learnt from the requests that come through Express
 * @throws TypeError where `mount` is not a path
 */
export function createMounts(mount: string | undefined): Mounts {
  if (mount !== undefined && !/^(\/[^?#]*)?$/.test(mount))
    throw new TypeError('mount must be a path such as /api');
  const given = mount?.replace(/\/+$/, '');
  const learnt = new Set<string>();

  function learn(baseUrl: string): void {
    if (given === undefined && learnt.size < MAX_LEARNT) learnt.add(baseUrl);
  }

  function candidates(): readonly string[] {
    if (given !== undefined) return [given];
    // The longest comes first: one mount path may contain another.
    return learnt.size === 0 ? [''] : [...learnt].sort((one, other) => other.length - one.length);
  }

  return {
    removeMountPath(req, isUpgrade) {
      if (!isUpgrade) {
        const { baseUrl, originalUrl } = req as { baseUrl?: unknown; originalUrl?: unknown };
        if (typeof baseUrl === 'string') learn(baseUrl);
        // Express has removed it, or Connect has, which shows in a different `originalUrl`.
        const isRemoved = Boolean(baseUrl) || (originalUrl !== undefined && originalUrl !== req.url);
        if (isRemoved || given === undefined) return true;
      }
      for (const path of candidates()) {
        const rest = below(path, req.url ?? '');
        if (rest === undefined) continue;
        req.url = rest;
        return true;
      }
      return false;
    },
  };
}

function below(path: string, url: string): string | undefined {
  if (path === '') return url;
  if (!url.startsWith(path)) return undefined;
  const rest = url.slice(path.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : undefined;
}
