/**
 * Authenticate, where an issuer has `token_from`: finds the token of a request in one of several places, has it verified as
 * if it were in Authorization, and removes it before the request is forwarded.
 *
 * A place counts on a route if one of the route's issuers lists it. A token is accepted by the issuers that list its place.
 * So `authenticate.ts` gets the route's access, narrowed to these issuers, and needs no knowledge of places.
 */
import type { Admission } from '../model/decision.js';
import type { Issuer } from '../model/issuer.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { Access } from '../model/route.js';
import { keyOfSource, type TokenSource } from '../model/token-source.js';
import type { Authenticate, AuthenticateRequest, RemoveToken } from './authenticate.js';
import { isToken, readBearer } from './bearer.js';
import { INVALID_TOKEN, NO_TOKEN, TWO_TOKENS } from './refusals.js';
import { allowsCookie } from './same-origin.js';
import {
  headersWithout,
  namesOf,
  queryWithout,
  textsIn,
  type OtherSource,
  type TokenNames,
} from './token-sources.js';

export interface TokenPlaces {
  readonly authenticate: AuthenticateRequest;
  readonly removeToken: RemoveToken;
}

/** A place on a route. */
interface Place {
  readonly source: TokenSource;
  /** The route's access, narrowed to the issuers that list the place. */
  readonly access: Access;
}

interface RoutePlaces {
  readonly places: readonly Place[];
  /** Whether Authorization is one of them. */
  readonly hasAuthorization: boolean;
  /** The places other than Authorization; undefined where there are none. */
  readonly others: TokenNames | undefined;
}

interface FoundToken {
  readonly place: Place;
  /** As an Authorization field. */
  readonly authorization: string;
}

/**
 * Creates the step for issuers of which one at least lists another place than Authorization; undefined where none does, so
 * that the plain step is used.
 * @param issuers in the order of the file, which is the order of their places
 */
export function createTokenPlaces(
  issuers: readonly Issuer[],
  authenticate: Authenticate,
): TokenPlaces | undefined {
  const isUsual = issuers.every(({ tokenFrom }) => tokenFrom.every(({ kind }) => kind === 'authorization'));
  if (isUsual) return undefined;
  const places = new RequestPlaces(issuers, authenticate);
  return {
    authenticate: (head, route) => places.authenticate(head, route.access),
    removeToken: (admission, head) => places.removeToken(admission, head),
  };
}

class RequestPlaces {
  readonly #issuers: readonly Issuer[];
  readonly #authenticate: Authenticate;
  readonly #forwarding: ReadonlySet<string>;
  /** By the access of each route, filled at its first request. */
  readonly #byAccess = new WeakMap<Access, RoutePlaces>();

  constructor(issuers: readonly Issuer[], authenticate: Authenticate) {
    this.#issuers = issuers;
    this.#authenticate = authenticate;
    this.#forwarding = new Set(issuers.filter(({ forwardToken }) => forwardToken).map(({ name }) => name));
  }

  authenticate(head: RequestHead, access: Access): ReturnType<AuthenticateRequest> {
    if (access.kind === 'public') return this.#authenticate(head, { access });
    const found = findToken(this.#placesOf(access).places, head);
    if (found instanceof Refusal) return found;
    const { place, authorization } = found;
    return this.#authenticate({ authorization, socket: head.socket }, place);
  }

  /** Returns the admission with the head and query that the upstream gets; the same one where it gets them as sent. */
  removeToken(admission: Admission, head: RequestHead): Admission {
    const { route, principal, query } = admission;
    if (route.access.kind === 'public') return admission;
    const { others, hasAuthorization } = this.#placesOf(route.access);
    if (others === undefined) return admission;
    const forwards = this.#forwarding.has(principal.issuer);
    const rawHeaders = headersWithout(others, withVerifiedAuthorization(hasAuthorization, head), forwards);
    return {
      ...admission,
      query: queryWithout(others, query),
      forwardedHead: { ...head, rawHeaders },
    };
  }

  #placesOf(access: Access & { kind: 'scoped' }): RoutePlaces {
    let places = this.#byAccess.get(access);
    if (!places) this.#byAccess.set(access, (places = createPlaces(this.#issuers, access)));
    return places;
  }
}

/** The places of a route, in the order of the issuers that it accepts and of their lists. */
function createPlaces(issuers: readonly Issuer[], access: Access & { kind: 'scoped' }): RoutePlaces {
  const byKey = new Map<string, { source: TokenSource; names: string[] }>();
  for (const { name, tokenFrom } of issuers) {
    if (access.issuers?.has(name) === false) continue;
    for (const source of tokenFrom) {
      const place = byKey.get(keyOfSource(source));
      if (place) place.names.push(name);
      else byKey.set(keyOfSource(source), { source, names: [name] });
    }
  }
  const places = [...byKey.values()].map(({ source, names }) => ({
    source,
    access: { ...access, issuers: new Set(names) },
  }));
  const others = places.map(({ source }) => source).filter(isOther);
  return {
    places,
    hasAuthorization: others.length < places.length,
    others: others.length === 0 ? undefined : namesOf(others),
  };
}

/**
 * Returns the token of the first place that holds one and may be used. Every other place must hold the same token or none.
 */
function findToken(places: readonly Place[], head: RequestHead): FoundToken | Refusal {
  const refusesCookies = !allowsCookie(head);
  let first: FoundToken | undefined;
  let token: string | undefined;
  for (const place of places) {
    const texts = isOther(place.source) ? textsIn(place.source, head) : bearerIn(head);
    if (texts instanceof Refusal) return texts;
    for (const text of texts) {
      if (token !== undefined && token !== text) return TWO_TOKENS;
      token = text;
      if (refusesCookies && place.source.kind === 'cookie') continue;
      first ??= { place, authorization: `Bearer ${text}` };
    }
  }
  if (token === undefined) return NO_TOKEN;
  if (!first) return INVALID_TOKEN.foreignCookie;
  return isToken(token) ? first : INVALID_TOKEN.malformed;
}

/** Authorization with another scheme holds no token. */
function bearerIn({ authorization }: RequestHead): readonly string[] | Refusal {
  if (authorization === undefined) return [];
  const token = readBearer(authorization);
  if (token === NO_TOKEN) return [];
  return typeof token === 'string' ? [token] : token;
}

/** An Authorization field that was not verified is removed, so that no upstream takes it for the caller's token. */
function withVerifiedAuthorization(hasAuthorization: boolean, head: RequestHead): RequestHead['rawHeaders'] {
  const { rawHeaders, authorization } = head;
  if (authorization === undefined) return rawHeaders;
  if (hasAuthorization && typeof readBearer(authorization) === 'string') return rawHeaders;
  return rawHeaders.filter((_, at) => rawHeaders[at - (at % 2)]!.toLowerCase() !== 'authorization');
}

function isOther(source: TokenSource): source is OtherSource {
  return source.kind !== 'authorization';
}
