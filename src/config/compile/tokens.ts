/** From the token service as written to its settings, and to the issuers that its tokens come from. */
import type { Issuer } from '../../model/issuer.js';
import { USUAL_TOKEN_TYPES } from '../../model/token-type.js';
import { NAMED, OWN_CLOCK_SKEW_MS, TOKENS, type TokenServiceSettings } from '../../model/tokens.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';

type WrittenTokens = NonNullable<Validated['tokens']>;

export function compileTokens(written: WrittenTokens, files: Files): TokenServiceSettings {
  const { issuer, audience, database, failed_attempts, revoke_limit, issue_limit, endpoints } = written;
  const { revoke, introspect, key_secret, client_credentials, password, named, whoami } = endpoints;
  return {
    issuer,
    audience,
    database:
      'sqlite' in database
        ? { kind: 'sqlite', path: files.path(database.sqlite) }
        : { kind: 'postgres', url: database.postgres },
    failedAttempts: {
      attempts: failed_attempts.limit.requests,
      windowMs: failed_attempts.limit.window,
      cooldownMs: failed_attempts.cooldown,
    },
    revokeLimit:
      revoke_limit === 'none'
        ? undefined
        : { requests: revoke_limit.requests, windowMs: revoke_limit.window },
    issueLimit:
      issue_limit === 'none' ? undefined : { requests: issue_limit.requests, windowMs: issue_limit.window },
    keyEncryptionKey: written.key_encryption_key === '' ? undefined : written.key_encryption_key,
    endpoints: {
      revoke,
      introspect,
      keySecret: key_secret && {
        path: key_secret.path,
        lifetimeMs: key_secret.lifetime === 'none' ? undefined : key_secret.lifetime,
      },
      clientCredentials: client_credentials && {
        path: client_credentials.path,
        lifetimeMs: client_credentials.lifetime,
      },
      password: password && {
        path: password.path,
        lifetimeMs: password.lifetime,
        refreshLifetimeMs: password.refresh_lifetime,
      },
      named: named && { path: named.path, permissions: new Map(Object.entries(named.permissions)) },
      whoami: whoami && { path: whoami.path },
    },
  };
}

/** The gate's own issuers: to the stages two more like any other, but for where their keys come from. */
export function ownIssuers({ issuer, audience, endpoints }: TokenServiceSettings): readonly Issuer[] {
  const own = {
    keys: { kind: 'own' },
    algorithms: ['RS256'],
    tokenTypes: USUAL_TOKEN_TYPES,
    clockSkewMs: OWN_CLOCK_SKEW_MS,
    grants: ['*'],
  } as const;
  const tokens: Issuer = {
    ...own,
    name: TOKENS,
    iss: issuer,
    audience,
    claims: { app: ['sub'], scope: ['scope'] },
    requireExp: endpoints.keySecret === undefined || endpoints.keySecret.lifetimeMs !== undefined,
  };
  if (!endpoints.named) return [tokens];
  // A named token's aud is a name that its maker chose: nothing can be asked of it.
  const named: Issuer = {
    ...own,
    name: NAMED,
    iss: `${issuer}/${NAMED}`,
    audience: undefined,
    claims: { app: ['client_id'], scope: ['scope'] },
    requireExp: false,
  };
  return [tokens, named];
}

/** Named tokens open only routes that say so; every other issuer's open any route. Undefined: all issuers do. */
export function usualIssuers(issuers: readonly Issuer[]): ReadonlySet<string> | undefined {
  const names = issuers.map(({ name }) => name);
  return names.includes(NAMED) ? new Set(names.filter((name) => name !== NAMED)) : undefined;
}
