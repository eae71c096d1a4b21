/** Random configurations, and random changes to them: about as many stricter as looser ones, and some that are neither. */
import type { Algorithm } from '../../src/model/issuer.js';
import { testIssuer } from '../../src/testing/test-issuer.js';
import { pick, type Prng } from '../support/prng.js';

/** A part of a configuration, as the file has it. */
type Part = Record<string, unknown>;

export interface RandomFile {
  readonly issuers: Record<string, Part>;
  readonly upstreams: Record<string, Part>;
  readonly routes: Part[];
  readonly [key: string]: unknown;
}

/** Keys that every configuration of a run uses; the last one is not in any file at first. */
export const KEYS = ['https://a.test', 'https://b.test', 'https://c.test'].map((issuer) =>
  testIssuer({ issuer, alg: 'ES256' }),
);
const ALGORITHMS: readonly Algorithm[] = ['ES256'];

const HOSTS = ['a.test', 'x.a.test', '*.a.test', 'b.test'] as const;
export const SCOPES = ['r', 'w', 'r:a', 'r:*', '*'] as const;
const REQUIRED = ['r', 'w', 'r:a', ['r', 'w'], { any: ['r', 'w'] }, { any: ['r:a', 'w'] }, 'none'] as const;
const SEGMENTS = ['a', 'b', 'B', 'c%2Fd', '{x}', '{y}'] as const;
const ENDS = ['', '', '', '/', '/{rest*}', '/{rest**}'] as const;
const LIMITS = [
  ...['2 per 10s', '4 per 10s', '4 per 20s', '2 per 20s', '1 per 5s', '3 per 15s', 'none', 'none'],
  ['2 per 10s', '5 per 1m'],
  { requests: 3, window: '10s', by: 'route' },
  { requests: 2, window: '10s', by: 'ip' },
  { requests: 2, window: '10s', shadow: true },
  ['3 per 10s', { requests: 3, window: '10s', by: 'ip' }],
  { requests: 3, window: '10s', by: 'ip', share: 's2' },
  { requests: 3, window: '10s', share: 's' },
  { requests: 2, window: '20s', share: 's' },
] as const;
export const ORGANIZATIONS = ['a', 'b'] as const;
const CONDITIONS: readonly Part[] = [
  { claim: 'org', is: 'a' },
  { claim: 'org', is: ['a', 'b'] },
  { claim: 'org', has: 'a' },
  { claim: 'org', absent: true },
];

/** Returns a configuration that has one to eight routes and up to two issuers. */
export function randomFile(prng: Prng): RandomFile {
  return {
    issuers: { a: randomIssuer(prng, 0), b: randomIssuer(prng, 1) },
    upstreams: { one: { targets: ['http://127.0.0.1:9'] }, two: { targets: ['http://127.0.0.1:10'] } },
    routes: Array.from({ length: 1 + prng(8) }, () => randomRoute(prng)),
    allow_semicolon: prng(4) === 0,
    trust_proxy: prng(3) === 0 ? ['10.0.0.0/8'] : [],
    jwks_cache: false,
  };
}

function randomIssuer(prng: Prng, key: number): Part {
  const { issuer, jwks } = KEYS[key]!;
  const part: Part = { issuer, jwks, algorithms: ALGORITHMS };
  for (const change of [changeAudience, changeGrants, changePlaces, changeRequired, changeTimes])
    change(part, prng);
  return part;
}

function randomRoute(prng: Prng): Part {
  const route: Part = { upstream: pick(prng, ['one', 'two']), limit: pick(prng, LIMITS) };
  const segments = Array.from({ length: 1 + prng(3) }, () => pick(prng, SEGMENTS));
  const path = `/${segments.join('/')}${pick(prng, ENDS)}`
    .replace(/(\{[xy]\})(.*)\1/g, '$1$2{z}')
    .replace(/(\{[xy]\})(.*)\1/g, '$1$2b');
  route['match'] = `${pick(prng, ['GET', 'POST', 'GET,POST', '*', 'HEAD', 'GET,HEAD'])} ${path}`;
  if (path.includes('%2F')) route['allow_encoded_slash'] = true;
  changeHosts(route, prng);
  changeAccess(route, prng);
  if (prng(4) === 0) route['allow_encoded_slash'] = true;
  if (prng(4) === 0) route['on_failure'] = pick(prng, ['local', 'open', 'closed']);
  return route;
}

function changeHosts(route: Part, prng: Prng): void {
  if (prng(2) === 0) delete route['host'];
  else route['host'] = [...new Set([pick(prng, HOSTS), pick(prng, HOSTS)])];
}

function changeAccess(route: Part, prng: Prng): void {
  for (const key of ['shadow', 'public', 'scope', 'require', 'issuer']) Reflect.deleteProperty(route, key);
  if (prng(4) === 0) {
    route['public'] = true;
    return;
  }
  route['scope'] = pick(prng, REQUIRED);
  if (prng(5) === 0 && route['scope'] !== 'none') route['shadow'] = true;
  if (prng(3) === 0) route['require'] = [{ ...pick(prng, CONDITIONS), shadow: prng(3) === 0 }];
  if (prng(4) === 0 && String(route['match']).includes('{x}'))
    route['require'] = [{ claim: 'org', is: '{x}' }];
  if (prng(4) === 0) route['issuer'] = pick(prng, [['a'], ['b'], ['a', 'b']]);
}

function changeAudience(part: Part, prng: Prng): void {
  part['audience'] = pick(prng, [['one'], ['one', 'two'], ['two'], false]);
}

function changeGrants(part: Part, prng: Prng): void {
  part['grants'] = pick(prng, [['*'], ['r:*'], ['r', 'w'], ['r:a', 'w'], ['r']]);
}

function changePlaces(part: Part, prng: Prng): void {
  part['token_from'] = pick(prng, [
    ['authorization'],
    ['authorization', { header: 'X-Jwt' }],
    [{ header: 'X-Jwt' }],
  ]);
  part['token_types'] = pick(prng, [['JWT', 'at+jwt', 'absent'], ['at+jwt'], ['JWT']]);
}

function changeRequired(part: Part, prng: Prng): void {
  if (prng(3) === 0) part['require'] = [pick(prng, CONDITIONS)];
  else delete part['require'];
  part['claims'] = {
    app: pick(prng, ['sub', { first: ['sub', 'azp'] }]),
    scope: pick(prng, ['scope', { union: ['scope', 'roles'] }]),
  };
}

function changeTimes(part: Part, prng: Prng): void {
  part['require_exp'] = prng(2) === 0;
  part['clock_skew'] = pick(prng, ['0s', '30s', '2m']);
}

type Change = (file: RandomFile, prng: Prng) => void;

const inIssuer =
  (change: (part: Part, prng: Prng) => void): Change =>
  (file, prng) =>
    change(pick(prng, Object.values(file.issuers)), prng);
const inRoute =
  (change: (part: Part, prng: Prng) => void): Change =>
  (file, prng) =>
    change(pick(prng, file.routes), prng);

const CHANGES: readonly Change[] = [
  ...[changeAudience, changeGrants, changePlaces, changeRequired, changeTimes].map(inIssuer),
  ...[changeHosts, changeAccess, changeAccess].map(inRoute),
  inRoute((route, prng) => (route['limit'] = pick(prng, LIMITS))),
  inRoute((route, prng) => (route['limit'] = pick(prng, LIMITS))),
  inRoute((route) => (route['allow_encoded_slash'] = true)),
  inRoute((route, prng) => (route['upstream'] = pick(prng, ['one', 'two']))),
  inRoute(
    (route, prng) =>
      (route['match'] = String(route['match']).replace(/^\S+/, pick(prng, ['*', 'GET', 'HEAD', 'GET,POST']))),
  ),
  inRoute(
    (route, prng) => (route['match'] = String(route['match']).replace(/\/[^/]+$/, pick(prng, ENDS) || '/a')),
  ),
  ({ routes }, prng) => routes.push(randomRoute(prng)),
  ({ routes }, prng) => routes.push({ ...randomRoute(prng), scope: 'nobody', public: undefined }),
  ({ routes }, prng) => routes.length > 1 && routes.splice(prng(routes.length), 1),
  ({ routes }) => routes.reverse(),
  (file) => Object.assign(file, { allow_semicolon: file['allow_semicolon'] !== true }),
  (file, prng) => Object.assign(file, { trust_proxy: pick(prng, [[], ['10.0.0.0/8'], ['10.0.0.1']]) }),
  (file, prng) => (file.issuers['c'] = { ...randomIssuer(prng, 2) }),
  (file) => (file.issuers['b']!['jwks'] = KEYS[2]!.jwks),
];

/** Returns a copy with one to three changes. */
export function changed(file: RandomFile, prng: Prng): RandomFile {
  const copy = structuredClone<RandomFile>(file);
  for (let left = 1 + prng(3); left > 0; left--) pick(prng, CHANGES)(copy, prng);
  return copy;
}
