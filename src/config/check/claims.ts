/** Checks which claims hold an issuer's apps and scopes. An impossible claim would refuse every caller. */
import type { ClaimPath } from '../../model/claim.js';
import type { PartialIssuer } from '../partial.js';
import type { Path, Report } from '../problem.js';

type Claims = NonNullable<PartialIssuer['claims']>;

/** Times (RFC 7519 4.1.4 to 4.1.6): numbers, which hold no app or scopes. */
const TIMES: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'auth_time']);

/** Claims that are never an object (RFC 7519, RFC 9068, OpenID Connect, Entra, Okta, Cognito). */
const NO_OBJECTS: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'jti', ...TIMES],
  ...[
    'azp',
    'client_id',
    'clientId',
    'appid',
    'cid',
    'app_name',
    'uid',
    'oid',
    'tid',
    'sid',
    'uti',
    'ver',
    'idtyp',
  ],
  ...[
    'scope',
    'scp',
    'roles',
    'groups',
    'permissions',
    'entitlements',
    'acr',
    'amr',
    'token_use',
    'username',
  ],
  ...['email', 'name', 'preferred_username', 'nonce', 'organization', 'grant_type'],
]);

/**
 * Checks the claims of one issuer, and whether app and scopes can both be in one token.
 * @param path of the issuer
 */
export function checkClaims(path: Path, { claims, issuer }: PartialIssuer, report: Report): void {
  if (!claims) return;
  let isFaulty = false;
  for (const kind of ['app', 'scope'] as const) {
    const errors = claims[kind].map((claim) => claimError(kind, claim, issuer));
    const error = errors.find((each) => each !== undefined);
    if (error === undefined) continue;
    report([...path, 'claims', kind], error);
    isFaulty = true;
  }
  if (isFaulty) return;
  const conflict = claimConflict(claims);
  if (conflict !== undefined) report([...path, 'claims'], conflict, 'key');
}

function claimError(
  kind: 'app' | 'scope',
  [first = '', ...deeper]: ClaimPath,
  issuer: PartialIssuer['issuer'],
): string | undefined {
  if (deeper.length > 0) {
    if (!NO_OBJECTS.has(first)) return undefined;
    const all = [first, ...deeper];
    const names = all.map((name) => `"${name}"`).join(' or ');
    const [key, meaning] = kind === 'app' ? ['first', 'the first that is present'] : ['union', 'all of them'];
    return `a list is a path into objects, and "${first}" is none; name one claim, ${names}, or {${key}: [${all.join(', ')}]} for ${meaning}`;
  }
  if (TIMES.has(first)) return `"${first}" is a time, and holds no ${kind === 'app' ? "app's id" : 'scopes'}`;
  if (first !== 'iss') return undefined;
  if (kind === 'scope') return '"iss" is the same in all tokens of this issuer, and holds no scopes';
  return issuer === false ? 'the tokens of this issuer carry no iss, by issuer: false' : undefined;
}

function claimConflict({ app, scope }: Claims): string | undefined {
  for (const appPath of app) {
    for (const scopePath of scope) {
      const conflict = pathConflict(appPath, scopePath);
      if (conflict !== undefined) return conflict;
    }
  }
  return undefined;
}

/** One text claim may hold both app and scopes. A claim cannot be a text and also an object with the other. */
function pathConflict(app: ClaimPath, scope: ClaimPath): string | undefined {
  const [short, long] = app.length < scope.length ? [app, scope] : [scope, app];
  if (!short.every((name, index) => name === long[index])) return undefined;
  const name = short.join('.');
  if (short.length < long.length) {
    return `"app" and "scope" cannot both be there: "${name}" would have to be an object and hold a value itself`;
  }
  return name === 'aud' ? '"app" and "scope" cannot both be the audience' : undefined;
}
