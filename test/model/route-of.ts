/** Routes for tests, from the way that the file writes them. */
import type { RewriteSegment, Route, ScopeRequirement, Segment } from '../../src/model/route.js';
import type { Upstream } from '../../src/model/upstream.js';

const UPSTREAM: Upstream = {
  name: 'test',
  targets: [{ origin: 'http://127.0.0.1:9', host: '127.0.0.1:9' }],
  connectTimeoutMs: 1000,
  timeoutMs: 1000,
  idleTimeoutMs: 1000,
  tunnelIdleMs: 1000,
  retries: 0,
  maxConnections: 1,
  forwardAuthorization: true,
  host: 'target',
  headers: { set: [], remove: [] },
  tls: { ca: undefined },
};

export interface RouteOptions {
  readonly rewrite?: string;
  readonly allowEncodedSlash?: boolean;
  /** Left out: the route is public. */
  readonly scope?: ScopeRequirement;
}

/** `GET,POST /notarizations/{id}/stamps` */
export function routeOf(match: string, options: RouteOptions = {}): Route {
  const [methods = '', path = ''] = match.split(' ');
  return {
    match,
    line: 1,
    methods: methods === '*' ? 'any' : new Set(methods.split(',')),
    path: segmentsOf(path).map(segmentOf),
    access: options.scope
      ? { kind: 'scoped', requirement: options.scope, issuers: undefined }
      : { kind: 'public' },
    limits: [],
    onFailure: 'local',
    upstream: UPSTREAM,
    rewrite: options.rewrite === undefined ? undefined : segmentsOf(options.rewrite).map(rewriteSegmentOf),
    maxBodyBytes: 1024,
    allowEncodedSlash: options.allowEncodedSlash ?? false,
    cors: undefined,
  };
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}

function segmentOf(text: string): Segment {
  const name = /^\{(.*?)\*?\}$/.exec(text)?.[1];
  if (name === undefined) return { kind: 'literal', text: decodeURIComponent(text) };
  return { kind: text.endsWith('*}') ? 'rest' : 'parameter', name };
}

function rewriteSegmentOf(text: string): RewriteSegment {
  const name = /^\{(.*)\}$/.exec(text)?.[1];
  return name === undefined ? { kind: 'literal', text } : { kind: 'placeholder', name };
}
