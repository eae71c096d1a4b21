/** The lines for a shell with which a new gateway gets its first requests. */
import type { Route, Segment } from '../../model/route.js';
import type { ListenAddress, Settings } from '../../model/settings.js';

const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Returns the address that a client on the same machine uses, without a path. */
export function localOrigin({ host, port, tls }: ListenAddress): string {
  const name = UNSPECIFIED.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}`;
}

/**
 * Returns three lines: a token, where the gateway issues tokens, a request with it, and one without.
 *
 * @param origin of the public port
 */
export function firstRequests(
  { routes, tokens }: Pick<Settings, 'routes' | 'tokens'>,
  origin: string,
): string[] {
  const route = routes.find(isPlain) ?? routes[0];
  const call = route
    ? `curl -i ${methodOf(route)}${hostOf(route)}${quoted(origin + examplePath(route.path))}`
    : undefined;
  const missing = `curl -i ${quoted(`${origin}/no-such-path`)}`;
  if (!route || call === undefined) return [missing];
  if (route.access.kind === 'public') return [call, missing];
  const { clientCredentials } = tokens?.endpoints ?? {};
  const withToken = call.replace('curl -i', 'curl -i -H "Authorization: Bearer $TOKEN"');
  if (!clientCredentials) return [call, withToken, missing];
  const url = quoted(origin + clientCredentials.path);
  return [`curl -u "$KEY:$SECRET" -d grant_type=client_credentials ${url}`, withToken, call];
}

function isPlain({ methods, hosts }: Route): boolean {
  return hosts === undefined && (methods === 'any' || methods.has('GET'));
}

function methodOf({ methods }: Route): string {
  if (methods === 'any' || methods.has('GET')) return '';
  return `-X ${[...methods][0] ?? 'GET'} `;
}

function hostOf({ hosts }: Route): string {
  return hosts ? `-H ${quoted(`Host: ${hosts[0].replace('*', 'www')}`)} ` : '';
}

function examplePath(path: readonly Segment[]): string {
  return `/${path.flatMap(textOf).join('/')}`;
}

function textOf(segment: Segment): string[] {
  if (segment.kind === 'literal') return [encodeURIComponent(segment.text)];
  return segment.kind === 'optional-rest' ? [] : ['1'];
}

/** Quoted for a POSIX shell. */
function quoted(text: string): string {
  return /^[\w:/.@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
