/** An issuer with generated keys, whose tokens the gateway accepts: for users' tests, for the demo and for `check`. */
import type { JsonWebKey } from 'node:crypto';
import { AUDIENCE_CLAIM, isSameClaim } from '../model/claim.js';
import { isSecretAlgorithm, type Algorithm, type Issuer, type PublicKeyAlgorithm } from '../model/issuer.js';
import { USUAL_TOKEN_TYPES } from '../model/token-type.js';
import { defaultClaims } from '../model/default-claims.js';
import { serveJwks, type JwksServer } from './jwks-server.js';
import { base64url, createSigningKey, signTexts } from './signing-key.js';

/** The claims of a token (RFC 7519 4). A claim that is undefined is left out of the token. */
export type Claims = Readonly<Record<string, unknown>>;

/** How a token is signed. */
export interface SignOptions {
  /** The time until it expires: seconds, or a text such as `30s`, `5m`, `1h` or `1d`. Negative: it has expired. Default: 5m. */
  readonly expiresIn?: number | string;
  /** Header parameters in addition to `alg`, `kid` and `typ`, or in their place; one that is undefined is left out. */
  readonly header?: Claims;
  /** The algorithm, if not the issuer's: another one for the same kind of key, or `none` for a token without signature. */
  readonly alg?: Algorithm | 'none';
}

/** An issuer of tokens for tests. Its keys exist only in this process. */
export interface TestIssuer {
  /** The `iss` of its tokens; false where they have none. */
  readonly issuer: string | false;
  /** What its tokens' `aud` must be, as in a configuration. */
  readonly audience: TestAudience;
  /** Its public keys as a JWKS (RFC 7517 5), which a configuration takes as `jwks`. */
  readonly jwks: { readonly keys: JsonWebKey[] };
  /** An entry for `issuers` of a configuration: `{ issuer, audience, algorithms, jwks }`. */
  readonly config: TestIssuerConfig;
  /**
   * Signs a token. Without claims it has `iss`, `aud`, `iat`, `exp` in 5 minutes, and `test-app` as `sub` and as the app.
   * @param claims added to these, or in their place; one that is undefined is left out
   */
  sign(claims?: Claims, options?: SignOptions): string;
  /** Signs a token for an app with scopes, in the claims in which the configuration looks for them. */
  signFor(app: string, scopes: readonly string[], claims?: Claims, options?: SignOptions): string;
  /** Signs like `sign`, but with a key that is not in the JWKS, under the `kid` of one that is. */
  forge(claims?: Claims, options?: SignOptions): string;
  /** The value of an Authorization field: `Bearer ` and the token that `sign` returns. */
  authorization(claims?: Claims, options?: SignOptions): string;
  /**
   * Publishes the keys on 127.0.0.1, for a gateway in another process.
   * @param port a free one by default; rejects if it is in use
   */
  serve(options?: { readonly port?: number }): Promise<JwksServer>;
}

/** An audience as a configuration has it: of `aud`, of another claim, or none. */
export type TestAudience = string | string[] | { claim: string | string[]; any: string[] } | false;

/** An issuer as a configuration has it. */
export interface TestIssuerConfig {
  issuer: string | false;
  audience: TestAudience;
  algorithms: Algorithm[];
  jwks: { keys: JsonWebKey[] };
}

/** What is different from the default test issuer. */
export interface TestIssuerOptions {
  /** The `iss` of its tokens; false: none. Default: `https://issuer.test`. */
  readonly issuer?: string | false;
  /** What the `aud` of its tokens must be; of a list, its tokens have the first. False: none. Default: `https://api.test`. */
  readonly audience?: string | readonly string[] | false;
  /** Its algorithm. Default: RS256. */
  readonly alg?: PublicKeyAlgorithm;
}

/** The settings of an issuer that its tokens depend on. */
export type TestedIssuer = Pick<
  Issuer,
  'iss' | 'audience' | 'audienceClaim' | 'algorithms' | 'claims' | 'require' | 'tokenTypes'
>;

const DEFAULT_APP = 'test-app';
const DEFAULT_LIFETIME_S = 300;
const UNITS_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Creates an issuer with a new key. An RSA key takes about 200 ms. */
export function testIssuer({
  issuer = 'https://issuer.test',
  audience = 'https://api.test',
  alg = 'RS256',
}: TestIssuerOptions = {}): TestIssuer {
  return createTestIssuer({
    iss: issuer === false ? undefined : issuer,
    audience: audience === false ? undefined : [audience].flat(),
    algorithms: [alg],
    audienceClaim: AUDIENCE_CLAIM,
    claims: { app: [['sub']], scope: [['scope']] },
    require: [],
    tokenTypes: USUAL_TOKEN_TYPES,
  });
}

/**
 * Creates an issuer whose tokens meet the settings of a configured one, with a new key for its first algorithm. In place of a
 * secret it has a key for RS256.
 */
export function createTestIssuer(settings: TestedIssuer): TestIssuer {
  const { iss, algorithms, tokenTypes } = settings;
  const [first = 'RS256'] = algorithms;
  const alg = isSecretAlgorithm(first) ? 'RS256' : first;
  const key = createSigningKey(alg);
  const jwks = { keys: [key.jwk] };
  const issuer = iss ?? false;
  const accepted = audienceOf(settings);
  const typ = tokenTypes.has('jwt') ? 'JWT' : [...tokenTypes][0];
  let unpublishedKey: typeof key | undefined;

  function signWith({ privateKey }: typeof key, payload: Claims, options: SignOptions): string {
    const algorithm = options.alg ?? alg;
    const nowS = Math.floor(Date.now() / 1000);
    const exp = nowS + secondsOf(options.expiresIn ?? DEFAULT_LIFETIME_S);
    const header = JSON.stringify({ alg: algorithm, kid: key.kid, typ, ...options.header });
    const claims = JSON.stringify({ iat: Math.min(nowS, exp), exp, ...payload });
    return algorithm === 'none'
      ? `${base64url(header)}.${base64url(claims)}.`
      : signTexts(header, claims, { alg: algorithm, privateKey });
  }

  const withDefaults = (claims: Claims): Claims => ({
    ...defaultClaims(settings, DEFAULT_APP, undefined),
    ...claims,
  });
  const sign: TestIssuer['sign'] = (claims = {}, options = {}) =>
    signWith(key, withDefaults(claims), options);

  return {
    issuer,
    audience: accepted,
    jwks,
    config: { issuer, audience: accepted, algorithms: [alg], jwks },
    sign,
    signFor: (app, scopes, claims = {}, options = {}) =>
      signWith(key, { ...defaultClaims(settings, app, scopes), ...claims }, options),
    forge: (claims = {}, options = {}) =>
      signWith((unpublishedKey ??= createSigningKey(alg)), withDefaults(claims), options),
    authorization: (claims, options) => `Bearer ${sign(claims, options)}`,
    serve: ({ port = 0 } = {}) => serveJwks(jwks, issuer, port),
  };
}

function audienceOf({ audience, audienceClaim }: TestedIssuer): TestAudience {
  if (audience === undefined) return false;
  if (!isSameClaim(audienceClaim, AUDIENCE_CLAIM)) return { claim: [...audienceClaim], any: [...audience] };
  return audience.length === 1 ? audience[0]! : [...audience];
}

/** @throws TypeError if the text is no duration */
function secondsOf(duration: number | string): number {
  if (typeof duration === 'number') return duration;
  const [, count, unit = ''] = /^(-?\d+)([smhd])$/.exec(duration) ?? [];
  if (count === undefined) {
    throw new TypeError(`expiresIn: "${duration}" must be seconds, or a text such as 30s, 5m, 1h or 1d`);
  }
  return Number(count) * UNITS_S[unit]!;
}
