import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenPlaces, type TokenPlaces } from '../../src/authenticate/token-places.js';
import type { Admission } from '../../src/model/decision.js';
import type { Issuer } from '../../src/model/issuer.js';
import { ANONYMOUS } from '../../src/model/principal.js';
import type { RequestHead } from '../../src/model/request.js';
import type { Route } from '../../src/model/route.js';
import type { TokenSource } from '../../src/model/token-source.js';
import { createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { createStage, headOf, outcome, routeOf, SCOPED, type Stage } from './support.js';

const AUTHORIZATION: TokenSource = { kind: 'authorization' };
const HEADER: TokenSource = { kind: 'header', name: 'x-goog-iap-jwt-assertion' };
const COOKIE: TokenSource = { kind: 'cookie', name: 'session' };
const QUERY: TokenSource = { kind: 'query', name: 'access_token' };
const PROTOCOL: TokenSource = { kind: 'websocket_protocol', name: 'bearer' };
const ALL = [AUTHORIZATION, HEADER, COOKIE, QUERY, PROTOCOL];

let main: TestIssuer;
let other: TestIssuer;
let token: string;
let others: string;

beforeAll(async () => {
  [main, other] = await Promise.all([createTestIssuer(), createTestIssuer()]);
  token = main.sign();
  others = other.sign();
});

afterAll(() => Promise.all([main.close(), other.close()]));

const stages: Stage[] = [];
afterAll(() => stages.forEach((stage) => stage.close()));

/** Two issuers: main, with the given places, and other, with Authorization alone. */
function placesWith(tokenFrom: readonly TokenSource[], changes: Partial<Issuer> = {}): TokenPlaces {
  const issuers = [main.model({ name: 'main', tokenFrom, ...changes }), other.model({ name: 'other' })];
  const stage = createStage(issuers);
  stages.push(stage);
  const places = createTokenPlaces(issuers, stage.authenticate);
  if (!places) throw new Error('there are no places');
  return places;
}

type Sent = Partial<RequestHead>;

const request = (changes: Sent = {}): RequestHead => ({ ...headOf(undefined), ...changes });
const withFields = (...rawHeaders: string[]): Sent => ({ rawHeaders });
const socket = (changes: Sent = {}): Sent => ({ websocket: true, origin: 'http://gate.test', ...changes });

async function shown(places: TokenPlaces, changes: Sent, route: Route = SCOPED): Promise<string> {
  return outcome(await places.authenticate(request(changes), route));
}

/** What the upstream gets of a request with a token that was accepted. */
function forwarded(places: TokenPlaces, changes: Sent, query = '', route: Route = SCOPED) {
  const principal = { ...ANONYMOUS, issuer: 'main', app: 'app-1' };
  const path = '/things';
  const admission: Admission = {
    route,
    path,
    matched: path,
    query,
    principal,
    quota: undefined,
    shadow: undefined,
  };
  const { forwardedHead, query: rest } = places.removeToken(admission, request(changes));
  return { fields: forwardedHead?.rawHeaders, query: rest };
}

const MAIN = 'main/app-1';
const TWO = '400 it has two different tokens';
const NONE = '401 no_token';
const ISSUER = '401 The issuer of the token is not accepted';
const FOREIGN = '401 A token in a cookie is accepted only from the same origin';
const MALFORMED = '401 The token is malformed';

describe('A gateway whose issuers have tokens in Authorization alone', () => {
  it('has no such step', () => {
    const { authenticate } = createStage([]);
    expect(createTokenPlaces([main.model(), other.model({ name: 'other' })], authenticate)).toBeUndefined();
    expect(createTokenPlaces([], authenticate)).toBeUndefined();
  });
});

describe('A token', () => {
  it('is found in each place that its issuer lists', async () => {
    const places = placesWith(ALL);
    for (const sent of [
      { authorization: `Bearer ${token}` },
      withFields('X-GOOG-iap-jwt-assertion', token),
      withFields('Cookie', `a=b; session=${token}; c=d`),
      withFields('Cookie', `session="${token}"`),
      withFields('Cookie', 'a=b', 'cookie', `session=${token}`),
      socket({ target: `/things?a=1&access_token=${token}` }),
      socket({ target: `/things?%61ccess_token=${token}` }),
      socket({ target: `http://gate.test/things?access_token=${token}` }),
      socket(withFields('Sec-WebSocket-Protocol', `chat, bearer, ${token}`)),
      socket(withFields('sec-websocket-protocol', 'bearer', 'Sec-WebSocket-Protocol', token)),
    ]) {
      expect(await shown(places, sent)).toBe(MAIN);
    }
  });

  it('is not found elsewhere', async () => {
    const places = placesWith(ALL);
    for (const sent of [
      {},
      { authorization: 'Basic abc' },
      withFields('X-Token', token),
      withFields('Cookie', `Session=${token}; xsession=${token}; session=; session`),
      { target: `/things?access_token=${token}` },
      socket({ target: `/things?Access_token=${token}&access_token=&access_token` }),
      withFields('Sec-WebSocket-Protocol', `bearer, ${token}`),
      socket(withFields('Sec-WebSocket-Protocol', `${token}, Bearer, ${token}, bearer`)),
    ]) {
      expect(await shown(places, sent)).toBe(NONE);
    }
  });

  it('is not accepted in a place that its own issuer does not list', async () => {
    const places = placesWith(ALL);
    expect(await shown(places, { authorization: `Bearer ${others}` })).toBe('other/app-1');
    for (const sent of [
      withFields('X-Goog-IAP-JWT-Assertion', others),
      withFields('Cookie', `session=${others}`),
      socket({ target: `/things?access_token=${others}` }),
      socket(withFields('Sec-WebSocket-Protocol', `bearer, ${others}`)),
    ]) {
      expect(await shown(places, sent)).toBe(ISSUER);
    }
    const headerOnly = placesWith([HEADER]);
    expect(await shown(headerOnly, { authorization: `Bearer ${token}` })).toBe(ISSUER);
    expect(await shown(headerOnly, withFields('X-Goog-IAP-JWT-Assertion', token))).toBe(MAIN);
    // Also when it was verified before, and is in the cache.
    expect(await shown(headerOnly, { authorization: `Bearer ${token}` })).toBe(ISSUER);
  });

  it('is looked for only in the places of the issuers that the route accepts', async () => {
    const access = { kind: 'scoped', requirement: { mode: 'all', scopes: [] } } as const;
    const route = routeOf({ ...access, issuers: new Set(['other']) });
    const places = placesWith(ALL);
    const sent = withFields('Cookie', `session=${token}`, 'Authorization', `Bearer ${others}`);
    expect(await shown(places, { ...sent, authorization: `Bearer ${others}` }, route)).toBe('other/app-1');
    expect(forwarded(places, sent, '', route).fields).toBeUndefined();
    expect(await shown(places, withFields('Cookie', `session=${token}`), route)).toBe(NONE);
  });

  it('is not needed on a public route, which gets everything as it was sent', async () => {
    const places = placesWith(ALL);
    const open = routeOf({ kind: 'public' });
    const sent = withFields('Cookie', `session=${token}`, 'X-Goog-IAP-JWT-Assertion', 'x');
    expect(await shown(places, sent, open)).toBe('/');
    expect(forwarded(places, sent, '?access_token=x', open)).toEqual({
      fields: undefined,
      query: '?access_token=x',
    });
  });

  it('is 400 beside another one in another place, or in the same place', async () => {
    const places = placesWith(ALL);
    const bearer = { authorization: `Bearer ${token}` };
    for (const sent of [
      { ...bearer, ...withFields('X-Goog-IAP-JWT-Assertion', others) },
      { ...bearer, ...withFields('Cookie', 'session=opaque') },
      { ...bearer, ...withFields('Cookie', `session=${main.sign({ jti: 'x' })}`) },
      withFields('X-Goog-IAP-JWT-Assertion', token, 'x-goog-iap-jwt-assertion', others),
      withFields('Cookie', `session=${token}; session=${others}`),
      socket({ ...bearer, target: `/things?access_token=${others}` }),
      socket({ target: `/things?access_token=${token}&%61ccess_token=${others}` }),
      socket({ ...bearer, ...withFields('Sec-WebSocket-Protocol', `bearer, ${others}`) }),
    ]) {
      expect(await shown(places, sent)).toBe(TWO);
    }
  });

  it('may be in several places if it is the same', async () => {
    const places = placesWith(ALL);
    const sent = withFields(
      'Cookie',
      `session=${token}`,
      'X-Goog-IAP-JWT-Assertion',
      token,
      'Sec-WebSocket-Protocol',
      `bearer, ${token}`,
    );
    const everywhere = { ...sent, authorization: `Bearer ${token}`, target: `/things?access_token=${token}` };
    expect(await shown(places, socket(everywhere))).toBe(MAIN);
  });

  it('is refused as anywhere else where it is malformed', async () => {
    const places = placesWith(ALL);
    expect(await shown(places, { authorization: 'Bearer a b' })).toBe('400 malformed_credentials');
    for (const text of ['a', 'a b', `Bearer ${token}`, `${token},x`, 'ü', `${token}.x`])
      expect(await shown(places, withFields('X-Goog-IAP-JWT-Assertion', text))).toBe(MALFORMED);
  });
});

describe('A token in a cookie', () => {
  const cookie = (...fields: string[]) => withFields('Cookie', `session=${token}`, ...fields);

  it('is accepted with a safe method from anywhere', async () => {
    const places = placesWith(ALL);
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      expect(await shown(places, { method, origin: 'https://evil.test', ...cookie() })).toBe(MAIN);
  });

  it.each([
    ['http://gate.test', 'gate.test', 'http'],
    ['http://GATE.test:80', 'gate.test', 'http'],
    ['http://gate.test', 'gate.test:80', 'http'],
    ['http://gate.test:8080', 'gate.test:8080', 'http'],
    ['https://gate.test', 'gate.test', 'https'],
    ['https://gate.test', 'gate.test:443', 'https'],
    ['https://gate.test', 'gate.test', 'http'],
    ['http://[::1]:80', '[::1]', 'http'],
  ])(
    'is accepted for an unsafe method and a WebSocket with the origin %s at %s',
    async (origin, host, proto) => {
      const places = placesWith(ALL);
      const head = { origin, forwardedHost: host, forwardedProto: proto, ...cookie() };
      expect(await shown(places, { ...head, method: 'POST' })).toBe(MAIN);
      expect(await shown(places, { ...head, websocket: true })).toBe(MAIN);
    },
  );

  it('is accepted without an Origin where Sec-Fetch-Site is same-origin', async () => {
    const places = placesWith(ALL);
    expect(await shown(places, { method: 'POST', ...cookie('Sec-Fetch-Site', 'same-origin') })).toBe(MAIN);
  });

  it.each<[string, Sent]>([
    ['no Origin', {}],
    ['another host', { origin: 'http://evil.test' }],
    ['a subdomain', { origin: 'http://a.gate.test' }],
    ['a parent domain', { origin: 'http://test' }],
    ['another port', { origin: 'http://gate.test:8080' }],
    ['a null origin', { origin: 'null' }],
    ['an empty origin', { origin: '' }],
    ['two origins', { origin: 'http://gate.test, http://gate.test' }],
    ['another scheme', { origin: 'ftp://gate.test' }],
    ['the host as user', { origin: 'http://gate.test@evil.test' }],
    ['a path', { origin: 'http://gate.test/' }],
    ['http to a host over https', { origin: 'http://gate.test', forwardedProto: 'https' }],
  ])('is refused for unsafe methods and WebSockets with %s', async (_title, head) => {
    const places = placesWith(ALL);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'X'])
      expect(await shown(places, { method, ...head, ...cookie() })).toBe(FOREIGN);
    expect(await shown(places, { websocket: true, ...head, ...cookie() })).toBe(FOREIGN);
  });

  it.each(['cross-site', 'same-site', 'none', '', 'same-origin, same-origin'])(
    'is refused for unsafe methods with the Sec-Fetch-Site %j, with an Origin or without',
    async (site) => {
      const places = placesWith(ALL);
      const sent = { method: 'POST', ...cookie('Sec-Fetch-Site', site) };
      expect(await shown(places, sent)).toBe(FOREIGN);
      expect(await shown(places, { ...sent, origin: 'http://gate.test' })).toBe(FOREIGN);
    },
  );

  it('is accepted for a WebSocket with the same Origin, whatever Sec-Fetch-Site is', async () => {
    const places = placesWith(ALL);
    for (const site of ['same-origin', 'same-site', 'cross-site'])
      expect(await shown(places, socket(cookie('Sec-Fetch-Site', site)))).toBe(MAIN);
  });

  it('is refused with two Sec-Fetch-Site fields', async () => {
    const places = placesWith(ALL);
    const sites = cookie('Sec-Fetch-Site', 'same-origin', 'sec-fetch-site', 'same-origin');
    expect(await shown(places, { method: 'POST', ...sites })).toBe(FOREIGN);
  });

  it('does not matter where the client also has the token in another place', async () => {
    const places = placesWith([COOKIE, AUTHORIZATION]);
    const sent = { method: 'POST', origin: 'https://evil.test', ...cookie() };
    expect(await shown(places, { ...sent, authorization: `Bearer ${token}` })).toBe(MAIN);
    expect(await shown(places, { ...sent, authorization: `Bearer ${others}` })).toBe(TWO);
  });

  it('never opens an unsafe method or a WebSocket for a foreign origin, whatever else is sent', async () => {
    const host = fc.constantFrom(
      'gate.test',
      'gate.test:80',
      'gate.test:443',
      'evil.test',
      'a.gate.test',
      '[::1]:8080',
    );
    const origin = fc.oneof(
      fc.constant(undefined),
      fc.constantFrom(
        'null',
        '',
        'http://',
        '://gate.test',
        'http://gate.test.evil.test',
        'http://evil.test#gate.test',
      ),
      fc
        .tuple(fc.constantFrom('http', 'https', 'HTTPS', 'ws'), host)
        .map(([scheme, name]) => `${scheme}://${name}`),
      fc.webUrl(),
      fc.string(),
    );
    const site = fc.constantFrom(undefined, 'same-origin', 'same-site', 'cross-site', 'none');
    const method = fc.constantFrom('GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'QUERY');
    const places = placesWith([COOKIE, HEADER, QUERY]);
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          host,
          origin,
          site,
          method,
          proto: fc.constantFrom('http', 'https'),
          websocket: fc.boolean(),
        }),
        async ({ host: name, origin: page, site: fetched, method: asked, proto, websocket }) => {
          const fields = fetched === undefined ? [] : ['Sec-Fetch-Site', fetched];
          const found = await shown(places, {
            method: asked,
            websocket,
            origin: page,
            forwardedHost: name,
            forwardedProto: proto,
            ...cookie(...fields),
          });
          const isSafe = !websocket && ['GET', 'HEAD', 'OPTIONS'].includes(asked);
          const isSame =
            page === undefined
              ? fetched === 'same-origin'
              : isOriginOf(page, name) && (websocket || fetched !== 'cross-site');
          if (!isSafe && !isSame) expect(found).toBe(FOREIGN);
          if (isSafe) expect(found).toBe(MAIN);
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Told by Node's URL parser, which the gateway does not use. */
function isOriginOf(origin: string, host: string): boolean {
  if (!/^https?:/i.test(origin) || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  return page.host === new URL(`${page.protocol}//${host}`).host;
}

describe('A request whose token is not in Authorization', () => {
  it('is forwarded without it, and without an Authorization that was not verified', () => {
    const places = placesWith(ALL);
    const sent = withFields(
      'Accept',
      '*/*',
      'X-Goog-IAP-JWT-Assertion',
      token,
      'x_goog_iap_jwt_assertion',
      'forged',
    );
    expect(forwarded(places, sent).fields).toEqual(['Accept', '*/*']);
    const basic = withFields(
      'Authorization',
      'Basic abc',
      'Cookie',
      `a=b; session=${token}; c="d"`,
      'Cookie',
      'session=x',
    );
    expect(forwarded(places, { ...basic, authorization: 'Basic abc' }).fields).toEqual([
      'Cookie',
      'a=b; c="d"',
    ]);
    const unlisted = withFields('authorization', `Bearer ${others}`, 'Cookie', `session=${token}`);
    const cookieOnly = placesWith([COOKIE]);
    const route = routeOf({
      kind: 'scoped',
      requirement: { mode: 'all', scopes: [] },
      issuers: new Set(['main']),
    });
    expect(
      forwarded(cookieOnly, { ...unlisted, authorization: `Bearer ${others}` }, '', route).fields,
    ).toEqual([]);
  });

  it('keeps the same token in Authorization, whose forwarding is a setting of the upstream', () => {
    const fields = ['Authorization', `Bearer ${token}`];
    const sent = { ...withFields(...fields, 'Cookie', `session=${token}`), authorization: `Bearer ${token}` };
    expect(forwarded(placesWith(ALL), sent).fields).toEqual(fields);
  });

  it('keeps it in its header field or cookie with forward_token, in the spelling that was verified', () => {
    const places = placesWith(ALL, { forwardToken: true });
    const fields = ['X-Goog-IAP-JWT-Assertion', token, 'Cookie', `session=${token}; a=b`];
    const sent = withFields(...fields, 'X-Goog_IAP-JWT-Assertion', 'forged');
    expect(forwarded(places, sent).fields).toEqual(fields);
  });

  it('is forwarded without the parameter and the subprotocol, with forward_token too', () => {
    for (const forwardToken of [false, true]) {
      const places = placesWith(ALL, { forwardToken });
      const handshake = socket(
        withFields('Sec-WebSocket-Protocol', `chat,bearer , ${token}`, 'Sec-WebSocket-Key', 'k'),
      );
      expect(forwarded(places, handshake, `?a=%20b&access_token=${token}&&c`)).toEqual({
        fields: ['Sec-WebSocket-Key', 'k', 'Sec-WebSocket-Protocol', 'chat, bearer'],
        query: '?a=%20b&&c',
      });
      expect(forwarded(places, socket(), `?access%5Ftoken=${token}`).query).toBe('');
      expect(forwarded(places, socket(), '?%zz=1&a').query).toBe('?%zz=1&a');
      const plain = { authorization: `Bearer ${token}` };
      expect(forwarded(places, plain, `?a=1&access_token=${others}`).query).toBe('?a=1');
      expect(forwarded(places, plain, `?%61ccess_token=${token}`).query).toBe('');
    }
  });
});
