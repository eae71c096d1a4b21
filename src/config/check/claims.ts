/** Checks which claims hold an issuer's apps and scopes. An impossible claim would refuse every caller. */
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
  const errors = [claimError('app', claims.app, issuer), claimError('scope', claims.scope, issuer)];
  if (errors[0] !== undefined) report([...path, 'claims', 'app'], errors[0]);
  if (errors[1] !== undefined) report([...path, 'claims', 'scope'], errors[1]);
  if (errors.some((error) => error !== undefined)) return;
  const conflict = claimConflict(claims);
  if (conflict !== undefined) report([...path, 'claims'], conflict, 'key');
}

function claimError(
  kind: 'app' | 'scope',
  [first = '', ...deeper]: readonly string[],
  issuer: PartialIssuer['issuer'],
): string | undefined {
  if (deeper.length > 0) {
    if (!NO_OBJECTS.has(first)) return undefined;
    const names = [first, ...deeper].map((name) => `"${name}"`).join(' or ');
    return `a list is a path into objects, and "${first}" is none; name one claim, ${names}`;
  }
  if (TIMES.has(first)) return `"${first}" is a time, and holds no ${kind === 'app' ? "app's id" : 'scopes'}`;
  if (first !== 'iss') return undefined;
  if (kind === 'scope') return '"iss" is the same in all tokens of this issuer, and holds no scopes';
  return issuer === false ? 'the tokens of this issuer carry no iss, by issuer: false' : undefined;
}

/** One text claim may hold both app and scopes. A claim cannot be a text and also an object with the other. */
function claimConflict({ app, scope }: Claims): string | undefined {
  const [short, long] = app.length < scope.length ? [app, scope] : [scope, app];
  if (!short.every((name, index) => name === long[index])) return undefined;
  const name = short.join('.');
  if (short.length < long.length) {
    return `"app" and "scope" cannot both be there: "${name}" would have to be an object and hold a value itself`;
  }
  return name === 'aud' ? '"app" and "scope" cannot both be the audience' : undefined;
}
