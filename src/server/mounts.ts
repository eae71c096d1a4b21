/**
 * As a library: where in its application a gate is mounted, so that WebSockets are matched as requests are. Express takes
 * the mount path off `req.url` for a middleware, but an upgrade never passes through Express.
 */
import type { IncomingMessage } from 'node:http';

export interface Mounts {
  /**
   * Takes the mount path off `req.url`, where nobody has done so.
   * @param isUpgrade whether the request came by the server's `upgrade` event
   * @returns false where the request is not under the mount path
   */
  enter(req: IncomingMessage, isUpgrade: boolean): boolean;
}

/** A mount path with parameters is another one with each value; strangers choose those. */
const MOST_LEARNT = 16;

/**
 * @param mount the mount path; left out, it is learnt of the requests that Express hands over
 * @throws TypeError where it is no path
 */
export function createMounts(mount: string | undefined): Mounts {
  if (mount !== undefined && !/^(\/[^?#]*)?$/.test(mount))
    throw new TypeError('mount must be a path such as /api');
  const given = mount?.replace(/\/+$/, '');
  const learnt = new Set<string>();

  function learn(baseUrl: string): void {
    if (given === undefined && learnt.size < MOST_LEARNT) learnt.add(baseUrl);
  }

  function candidates(): readonly string[] {
    if (given !== undefined) return [given];
    // The longest first: one mount may lie within another.
    return learnt.size === 0 ? [''] : [...learnt].sort((one, other) => other.length - one.length);
  }

  return {
    enter(req, isUpgrade) {
      if (!isUpgrade) {
        const { baseUrl, originalUrl } = req as { baseUrl?: unknown; originalUrl?: unknown };
        if (typeof baseUrl === 'string') learn(baseUrl);
        // Express has taken it off, or Connect, which says so by another `originalUrl`.
        const isTakenOff = Boolean(baseUrl) || (originalUrl !== undefined && originalUrl !== req.url);
        if (isTakenOff || given === undefined) return true;
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
