/** Routes for tests, from the way that the file writes them. */
import type { RewriteSegment, Route, ScopeRequirement, Segment } from '../../src/model/route.js';
import { makeRoute } from '../support/route.js';

export interface RouteOptions {
  /** In normal form; left out: any host. */
  readonly hosts?: readonly [string, ...string[]];
  readonly rewrite?: string;
  readonly allowEncodedSlash?: boolean;
  /** Absent: the route is public. */
  readonly scope?: ScopeRequirement;
}

/** `GET,POST /notarizations/{id}/stamps` */
export function routeOf(match: string, options: RouteOptions = {}): Route {
  const [methods = '', path = ''] = match.split(' ');
  return makeRoute({
    match,
    ...(options.hosts && { hosts: options.hosts, label: `${options.hosts.join(',')} ${match}` }),
    methods: methods === '*' ? 'any' : new Set(methods.split(',')),
    path: segmentsOf(path).map(segmentOf),
    ...(options.scope && { access: { kind: 'scoped', requirement: options.scope, issuers: undefined } }),
    ...(options.rewrite !== undefined && { rewrite: segmentsOf(options.rewrite).map(rewriteSegmentOf) }),
    allowEncodedSlash: options.allowEncodedSlash ?? false,
  });
}

function segmentsOf(path: string): string[] {
  return path.slice(1).split('/');
}

function segmentOf(text: string): Segment {
  const name = /^\{(.*?)\*{0,2}\}$/.exec(text)?.[1];
  if (name === undefined) return { kind: 'literal', text: decodeURIComponent(text) };
  if (text.endsWith('**}')) return { kind: 'optional-rest', name };
  return { kind: text.endsWith('*}') ? 'rest' : 'parameter', name };
}

function rewriteSegmentOf(text: string): RewriteSegment {
  const name = /^\{(.*)\}$/.exec(text)?.[1];
  return name === undefined ? { kind: 'literal', text } : { kind: 'placeholder', name };
}
