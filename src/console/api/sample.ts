/**
 * The console's API: the sample application of the demo. Paths are below `<prefix>/api/`. Times are epoch seconds. An error is
 * `{"errors":[{"code":…,"message":…}]}`.
 */
import type { FirstRequest } from './session.js';

/** `GET sample`: in `tollgate demo` alone, and for those who see the application. */
export interface Sample {
  readonly name: string;
  readonly organization: string;
  readonly issuer: string;
  /** The key of an application of the registry; else the id that its tokens have. */
  readonly app: string;
  /** Whether it is in the registry and so has a page, was deleted from it, or is another issuer's. */
  readonly state: 'registered' | 'deleted' | 'foreign';
  /** A token that works; null where none can be issued. */
  readonly token: string | null;
  readonly requests: readonly FirstRequest[];
}
