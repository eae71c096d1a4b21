/** Checks of where an issuer's tokens say app and scopes: a place that no token can have would refuse every caller. */
import type { PartialIssuer } from '../partial.js';
import type { Path, Report } from '../problem.js';

type Claims = NonNullable<PartialIssuer['claims']>;

/** RFC 7519 4.1.4 to 4.1.6: numbers, whose value the gate judges. */
const TIMES: ReadonlySet<string> = new Set(['exp', 'nbf', 'iat', 'auth_time']);

/** Claims that are a text, a number or a list wherever they are used (RFC 7519, RFC 9068, OpenID Connect, Entra, Okta, Cognito). */
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

/** @param path of the issuer */
export function checkClaims(path: Path, { claims, issuer }: PartialIssuer, report: Report): void {
  if (!claims) return;
  const flaws = [flawOfClaim('app', claims.app, issuer), flawOfClaim('scope', claims.scope, issuer)];
  if (flaws[0] !== undefined) report([...path, 'claims', 'app'], flaws[0]);
  if (flaws[1] !== undefined) report([...path, 'claims', 'scope'], flaws[1]);
  if (flaws.some((flaw) => flaw !== undefined)) return;
  const conflict = conflictOf(claims);
  if (conflict !== undefined) report([...path, 'claims'], conflict, 'key');
}

function flawOfClaim(
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

/** One claim may be both, as a text; but not a text and an object that has the other. */
function conflictOf({ app, scope }: Claims): string | undefined {
  const [short, long] = app.length < scope.length ? [app, scope] : [scope, app];
  if (!short.every((name, index) => name === long[index])) return undefined;
  const name = short.join('.');
  if (short.length < long.length) {
    return `"app" and "scope" cannot both be there: "${name}" would have to be an object and hold a value itself`;
  }
  return name === 'aud' ? '"app" and "scope" cannot both be the audience' : undefined;
}
