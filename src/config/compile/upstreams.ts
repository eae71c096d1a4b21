/** From upstreams as written to those of the model. */
import type { Target, Upstream } from '../../model/upstream.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { textOf } from './text.js';

export function compileUpstreams(
  upstreams: Validated['upstreams'],
  files: Files,
): ReadonlyMap<string, Upstream> {
  return new Map(Object.entries(upstreams).map(([name, each]) => [name, compileUpstream(name, each, files)]));
}

function compileUpstream(name: string, written: Validated['upstreams'][string], files: Files): Upstream {
  const { headers, tls } = written;
  return {
    name,
    // The schema sees to it that there is one.
    targets: written.targets as [Target, ...Target[]],
    connectTimeoutMs: written.connect_timeout,
    timeoutMs: written.timeout,
    idleTimeoutMs: written.idle_timeout,
    tunnelIdleMs: written.tunnel_idle,
    retries: written.retries,
    maxConnections: written.max_connections,
    forwardAuthorization: written.forward_authorization,
    host: written.host,
    headers: {
      set: Object.entries(headers.set),
      remove: headers.remove.map((field) => field.toLowerCase()),
    },
    tls: { ca: tls ? textOf(tls.ca, files) : undefined },
  };
}
