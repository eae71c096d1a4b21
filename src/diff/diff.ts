/**
 * Compares two configurations by what they let callers do. `tollgate diff` prints the result.
 *
 * A request is let through where it has a route, its token is accepted and has what the route needs, and the limits admit it.
 * The comparison covers each of these. Where it cannot decide, it says that access is loosened. What it means to be
 * loosened: a request that an old route refuses is let through, while the requests before it are the same and were all let
 * through. A request that had no route (404, 405) does not count.
 */
import type { Settings } from '../model/settings.js';
import { compareAddresses } from './addresses.js';
import type { Change } from './change.js';
import { compareGeneral } from './general.js';
import { compareIssuers } from './issuers.js';
import type { ReadText } from './keys.js';
import { TooManyClasses } from './path-classes.js';
import { regionsOf, type Region } from './regions.js';
import { compareRoutes } from './route-changes.js';
import { compareTokens } from './tokens.js';
import { compareUpstreams } from './upstreams.js';

export type { Change, FilePath } from './change.js';

/** One configuration of the two. */
export interface Side {
  readonly settings: Settings;
  /** The base of its relative paths: equal names of files in two folders are the same file. */
  readonly baseFolder: string;
}

/**
 * Returns what differs for callers, those that loosen access first. Never throws.
 *
 * @param readText reads the files of keys that the configurations name
 */
export function compareSettings(old: Side, now: Side, readText: ReadText): readonly Change[] {
  const files = { old: old.settings, new: now.settings };
  const regions = tryRegions(files.old, files.new);
  const changes = [
    ...(regions ? compareRoutes(files, regions) : [TOO_MANY]),
    ...compareIssuers(files.old, files.new, readText),
    ...compareTokens(
      { tokens: files.old.tokens, baseFolder: old.baseFolder },
      { tokens: files.new.tokens, baseFolder: now.baseFolder },
    ),
    ...compareUpstreams(files.old, files.new),
    ...compareAddresses(files.old, files.new),
    ...compareGeneral(files.old, files.new),
  ];
  const isLoosened = ({ effect }: Change) => effect === 'loosened';
  return [...changes.filter(isLoosened), ...changes.filter((change) => !isLoosened(change))];
}

const TOO_MANY: Change = {
  effect: 'loosened',
  kind: 'routes',
  subject: 'routes',
  text: 'the paths of the routes overlap in too many ways to compare; compare them by hand',
  old: ['routes'],
  new: ['routes'],
};

function tryRegions(old: Settings, now: Settings): readonly Region[] | undefined {
  try {
    return regionsOf(old, now);
  } catch (error) {
    if (error instanceof TooManyClasses) return undefined;
    throw error;
  }
}
