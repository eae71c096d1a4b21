/** The servers of a document: the target that requests go to, and the base path that all its paths begin with. */
import { fieldOf, isFields } from './document.js';

/** A server. */
export interface Server {
  /** `https://api.example.com`; undefined where the document has no usable one. */
  readonly origin: string | undefined;
  /** What stands before each path: `/v1`; empty for none. */
  readonly basePath: string;
  /** Why it has no origin; undefined where it has one. */
  readonly problem: string | undefined;
}

/** Returns the first server of a list; undefined where the list is absent or empty, so that the one above it counts. */
export function firstServer(servers: unknown): Server | undefined {
  if (!Array.isArray(servers) || servers.length === 0) return undefined;
  const [server] = servers as unknown[];
  const template = fieldOf(server, 'url');
  if (typeof template !== 'string') return withoutOrigin('', 'a server has no "url"');
  const url = substitute(template, fieldOf(server, 'variables'));
  // A URL without a host is relative to where the document is (OpenAPI 3.1, Server Object).
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url) && !url.startsWith('//'))
    return withoutOrigin(basePathOf(url), 'the server is relative to the document');
  const [, origin, path = ''] = /^(https?:\/\/[^/?#\s]+)([^?#]*)/i.exec(url) ?? [];
  if (origin === undefined || !isOrigin(origin))
    return withoutOrigin(basePathOf(path), 'the server is no address of http or https');
  return { origin: new URL(origin).origin, basePath: basePathOf(path), problem: undefined };
}

/** The server of a document without one: its own place (OpenAPI 3.1, `servers`). */
export const NO_SERVER: Server = withoutOrigin('', 'the document names no server');

function withoutOrigin(basePath: string, problem: string): Server {
  return { origin: undefined, basePath, problem };
}

/** Puts the defaults of variables in their places. One without a default stays, so that its path is left out. */
function substitute(template: string, variables: unknown): string {
  if (!isFields(variables)) return template;
  return template.replace(/\{([^{}]*)\}/g, (whole, name: string) => {
    const value = fieldOf(fieldOf(variables, name), 'default');
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
  });
}

/** A base path begins with a slash and does not end with one. */
function basePathOf(path: string): string {
  const plain = path.replace(/^\.(?=\/|$)/, '').replace(/\/+$/, '');
  return plain === '' || plain.startsWith('/') ? plain : `/${plain}`;
}

/** The names of one host, without credentials, as `upstreams` has them. */
function isOrigin(text: string): boolean {
  if (!/^https?:\/\/(?:\[[\da-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?$/i.test(text) || !URL.canParse(text))
    return false;
  return new URL(text).port !== '0';
}
