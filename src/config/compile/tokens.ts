/** Compiles the token service, and the issuers of its tokens. */
import { AUDIENCE_CLAIM } from '../../model/claim.js';
import type { Issuer } from '../../model/issuer.js';
import { USUAL_TOKEN_SOURCES } from '../../model/token-source.js';
import { USUAL_TOKEN_TYPES } from '../../model/token-type.js';
import { NAMED, OWN_CLOCK_SKEW_MS, TOKENS, type TokenServiceSettings } from '../../model/tokens.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';

type RawTokens = NonNullable<Validated['tokens']>;

/** Compiles the settings of the token service; durations are in milliseconds. */
export function compileTokens(raw: RawTokens, files: Files): TokenServiceSettings {
  const { issuer, audience, database, failed_attempts, revoke_limit, issue_limit, endpoints } = raw;
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
    keyEncryptionKey: raw.key_encryption_key === '' ? undefined : raw.key_encryption_key,
    previousKeyEncryptionKey:
      raw.previous_key_encryption_key === '' ? undefined : raw.previous_key_encryption_key,
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

/** Makes the gateway's own issuers. They differ from others only in the source of their keys. */
export function ownIssuers({ issuer, audience, endpoints }: TokenServiceSettings): readonly Issuer[] {
  const common = {
    keys: { kind: 'own' },
    algorithms: ['RS256'],
    tokenFrom: USUAL_TOKEN_SOURCES,
    forwardToken: false,
    tokenTypes: USUAL_TOKEN_TYPES,
    audienceClaim: AUDIENCE_CLAIM,
    require: [],
    clockSkewMs: OWN_CLOCK_SKEW_MS,
    grants: ['*'],
  } as const;
  const tokens: Issuer = {
    ...common,
    name: TOKENS,
    iss: issuer,
    audience,
    claims: { app: [['sub']], scope: [['scope']] },
    requireExp: endpoints.keySecret === undefined || endpoints.keySecret.lifetimeMs !== undefined,
  };
  if (!endpoints.named) return [tokens];
  // The aud of a named token is a name that its creator chose, so it cannot be checked.
  const named: Issuer = {
    ...common,
    name: NAMED,
    iss: `${issuer}/${NAMED}`,
    audience: undefined,
    claims: { app: [['client_id']], scope: [['scope']] },
    requireExp: false,
  };
  return [tokens, named];
}

/** The issuers of routes that name none: all but that of named tokens. Undefined means all. */
export function usualIssuers(issuers: readonly Issuer[]): ReadonlySet<string> | undefined {
  const names = issuers.map(({ name }) => name);
  return names.includes(NAMED) ? new Set(names.filter((name) => name !== NAMED)) : undefined;
}
