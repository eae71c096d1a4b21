/** The lines for a shell with which a new gateway gets its first requests. */
import type { Route, Segment } from '../../model/route.js';
import type { ListenAddress, Settings } from '../../model/settings.js';
import type { FirstRequest } from '../api/session.js';

/** The most requests that a line makes. */
const MOST_REPEATED = 50;
const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Returns the address that a client on the same machine uses, without a path. */
export function localOrigin({ host, port, tls }: ListenAddress): string {
  const name = UNSPECIFIED.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls ? 'https' : 'http'}://${name}:${port}`;
}

/**
 * Returns up to three lines: a token, where the gateway issues tokens, a request with it, and one without. Without a token of
 * its own a line has a placeholder, and its note says what to put there.
 *
 * @param origin of the public port
 * @param token that the request is made with; undefined: a placeholder
 */
export function firstRequests(
  { routes, tokens }: Pick<Settings, 'routes' | 'tokens'>,
  origin: string,
  token?: string,
): readonly FirstRequest[] {
  const route = routes.find(isPlain) ?? routes[0];
  const missing = {
    line: `curl -i ${quoted(`${origin}/no-such-path`)}`,
    note: 'A path without a route: 404.',
  };
  if (!route) return [missing];
  const call = `curl -i ${methodOf(route)}${hostOf(route)}${quoted(origin + examplePath(route.path))}`;
  if (route.access.kind === 'public') return [{ line: call, note: 'A public route.' }, missing];
  const withToken = (text: string): string =>
    call.replace('curl -i', () => `curl -i -H "Authorization: Bearer ${text}"`);
  const without = { line: call, note: 'The same without a token: 401.' };
  if (token !== undefined)
    return [
      { line: withToken(token), note: 'A request with its token.' },
      ...repeated(route, withToken(token)),
      without,
    ];
  const { clientCredentials } = tokens?.endpoints ?? {};
  const source = clientCredentials ? 'the access_token of that response' : 'a token of one of your issuers';
  const use = {
    line: withToken('$TOKEN'),
    note: `A request with it. In place of $TOKEN put ${source}.`,
  };
  if (!clientCredentials)
    return [{ ...use, note: use.note.replace('with it', 'with a token') }, without, missing];
  const url = quoted(origin + clientCredentials.path);
  const line = `curl -u "$KEY:$SECRET" -d grant_type=client_credentials ${url}`;
  const note =
    'A token. In place of $KEY and $SECRET put those of an application, which you create under Apps.';
  return [{ line, note }, use, without];
}

/** A line that exceeds the limit of the route, where that takes few requests. */
function repeated({ limits }: Route, call: string): readonly FirstRequest[] {
  const least = Math.min(...limits.filter(({ by }) => by === 'app').map(({ requests }) => requests));
  if (least > MOST_REPEATED) return [];
  const count = least + 2;
  const line = `for i in $(seq ${count}); do ${call.replace('curl -i', 'curl -so /dev/null -w "%{http_code} "')}; done`;
  return [{ line, note: `The same ${count} times, which is more than its limit admits: 429.` }];
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
