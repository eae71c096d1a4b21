/** Puts the token of the question where the route accepts one: usually into Authorization. */
import type { ExplainRequest } from '../model/explanation.js';
import type { Issuer } from '../model/issuer.js';
import type { Route } from '../model/route.js';
import type { TokenSource } from '../model/token-source.js';

const AUTHORIZATION: TokenSource = { kind: 'authorization' };

/** Returns the issuers whose tokens a route accepts, in the order of the file. */
export function acceptedIssuers(
  { access }: Pick<Route, 'access'>,
  issuers: readonly Issuer[],
): readonly Issuer[] {
  const names = access.kind === 'scoped' ? access.issuers : undefined;
  return names ? issuers.filter(({ name }) => names.has(name)) : issuers;
}

/**
 * Returns the request with its token in one of its fields or in its query.
 *
 * @param route undefined where no route is known
 * @param isTunnel whether it is a WebSocket handshake, which alone can have a token in the query or in a subprotocol
 */
export function placeToken(
  request: ExplainRequest,
  route: Route | undefined,
  issuers: readonly Issuer[],
  isTunnel: boolean,
): ExplainRequest {
  const { token, ...rest } = request;
  if (token === undefined) return request;
  const source = route ? placeOf(acceptedIssuers(route, issuers), isTunnel) : AUTHORIZATION;
  switch (source.kind) {
    case 'authorization':
      return withField(rest, 'Authorization', `Bearer ${token}`);
    case 'header':
      return withField(rest, source.name, token);
    case 'cookie':
      return withField(rest, 'Cookie', `${source.name}=${token}`);
    case 'query':
      return { ...rest, target: withParameter(rest.target, source.name, token) };
    case 'websocket_protocol':
      return withField(rest, 'Sec-WebSocket-Protocol', `${source.name}, ${token}`);
  }
}

function placeOf(issuers: readonly Issuer[], isTunnel: boolean): TokenSource {
  const sources = issuers
    .flatMap(({ tokenFrom }) => tokenFrom)
    .filter(({ kind }) => isTunnel || (kind !== 'query' && kind !== 'websocket_protocol'));
  return sources.find(({ kind }) => kind === 'authorization') ?? sources[0] ?? AUTHORIZATION;
}

function withField(request: ExplainRequest, name: string, value: string): ExplainRequest {
  return { ...request, headers: [...request.headers, name, value] };
}

function withParameter(target: string, name: string, value: string): string {
  return `${target}${target.includes('?') ? '&' : '?'}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
}
