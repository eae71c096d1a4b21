/** Compares a small file with a changed copy of it. */
import { compileConfig } from '../../src/config/config.js';
import { compareSettings, type Change } from '../../src/diff/diff.js';

/** A part of a configuration, as the file has it. */
export type Part = Record<string, unknown>;

/** A file that the cases change. */
export interface File {
  issuers: { main: Part; other: Part; [name: string]: Part };
  upstreams: Record<string, Part>;
  routes: Part[];
  [key: string]: unknown;
}

const jwk = (n: string) => ({ kty: 'RSA', kid: n, n: n.repeat(342), e: 'AQAB' });
export const KEYS = { one: jwk('w'), two: jwk('x'), three: jwk('y') } as const;

function baseFile(): File {
  return {
    issuers: {
      main: {
        issuer: 'https://main.test',
        jwks: { keys: [KEYS.one, KEYS.two] },
        audience: ['api', 'web'],
        algorithms: ['RS256', 'PS256'],
        token_from: ['authorization', { header: 'X-Jwt' }],
        require: [
          { claim: 'use', is: 'access' },
          { claim: 'tier', is: ['gold', 'silver'] },
        ],
        claims: { app: { first: ['azp', 'sub'] }, scope: { union: ['scope', 'roles'] } },
        grants: ['orders:*', 'files:*'],
      },
      other: {
        issuer: 'https://other.test',
        jwks: 'https://other.test/jwks',
        audience: 'api',
        grants: ['files:read'],
      },
    },
    upstreams: {
      orders: {
        targets: ['http://127.0.0.1:9'],
        headers: { set: { 'X-Email': '{claims.email}', 'X-From': 'gateway' }, remove: ['X-Internal'] },
      },
      files: { targets: ['http://127.0.0.1:10'] },
    },
    routes: [
      {
        match: 'GET /orders/{id}',
        upstream: 'orders',
        scope: ['orders:read', 'sso'],
        limit: '10 per 2m',
        issuer: 'main',
      },
      {
        match: 'POST /orders',
        upstream: 'orders',
        scope: { any: ['orders:write', 'admin'] },
        on_failure: 'closed',
        limit: '5 per 1m',
      },
      {
        match: 'GET /orgs/{org}/files',
        upstream: 'files',
        scope: 'files:read',
        require: [{ claim: 'org', is: '{org}' }],
      },
      {
        match: '* /files/{path*}',
        upstream: 'files',
        scope: 'files:read',
        host: ['files.test', '*.files.test'],
        limit: { requests: 10, window: '1m', share: 'files' },
      },
      {
        match: 'GET /thumbs/{path*}',
        upstream: 'files',
        public: true,
        limit: { requests: 10, window: '1m', by: 'route' },
      },
    ],
    trust_proxy: ['10.0.0.0/8'],
    cors: { origins: ['https://*.example.com'], headers: ['X-Mine'] },
    jwks_cache: false,
  };
}

/** Returns what the comparison says of a change to the file, also with another file in the place of the first one. */
export function changesOf(
  change: (file: File) => unknown,
  prepare: (file: File) => unknown = () => 0,
): readonly Change[] {
  const old = baseFile();
  prepare(old);
  const now = structuredClone(old);
  change(now);
  const side = (file: File) => ({
    settings: compileConfig(file, { env: {}, baseFolder: '.' }).settings,
    baseFolder: '.',
  });
  return compareSettings(side(old), side(now), () => undefined);
}

/** Sets keys of a part of the file; a value that is undefined removes its key. */
export function put(part: Part, values: Part): void {
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) Reflect.deleteProperty(part, key);
    else part[key] = value;
  }
}

/** Each change as one line: what it is about, and its text. */
export function linesOf(changes: readonly Change[], effect: Change['effect']): readonly string[] {
  return changes.filter((each) => each.effect === effect).map(({ subject, text }) => `${subject}: ${text}`);
}
