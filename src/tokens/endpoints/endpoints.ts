/** Creates the endpoints by path: those that the file names, and those that every token service has. */
import { createAudit, type Audit } from '../../model/audit.js';
import type { Log } from '../../model/log.js';
import { publishedPaths, type PublishedEndpoint } from '../../model/token-paths.js';
import type { TokenServiceSettings } from '../../model/tokens.js';
import { createClaims } from '../claims.js';
import type { AppLimit } from '../app-limit.js';
import type { FailedAttempts } from '../failed-attempts.js';
import type { Random, TokenRevocations, Secrets, TokenSigner, VerifyBearer } from '../deps.js';
import type { Registry } from '../registry/registry.js';
import { createAppAuthenticator, type NameClient } from './app.js';
import { createOAuthToken } from './oauth-token.js';
import { createJwks, createMetadata } from './discovery.js';
import { createEndFamily } from './end-family.js';
import type { Endpoint } from './endpoint.js';
import { createReadPresentedToken } from './presented-token.js';
import { createIntrospect } from './introspect.js';
import { createKeySecret } from './key-secret.js';
import { createNamed } from './named.js';
import { createPassword } from './password.js';
import { createRevoke } from './revoke.js';
import { createSessions } from './sessions.js';
import { createWhoami } from './whoami.js';

export interface EndpointsOptions {
  readonly settings: TokenServiceSettings;
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly signer: TokenSigner;
  readonly attempts: FailedAttempts;
  /** Limits how often an app may revoke. */
  readonly revokeLimit: AppLimit;
  /** Limits how many tokens an app or a user is issued. */
  readonly issueLimit: AppLimit;
  /** Notes that an app gets a token. */
  readonly recordAppUse: (key: string) => void;
  /** The log fields for a client id or a user name that failed to authenticate. */
  readonly nameClient: NameClient;
  readonly revocations: TokenRevocations;
  readonly verify: VerifyBearer;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  readonly log: Log;
  /** Records administrative changes that apps make themselves; by default in the log alone. */
  readonly audit?: Audit;
}

/** Creates all endpoints, by their exact paths. */
export function createEndpoints(given: EndpointsOptions): ReadonlyMap<string, Endpoint> {
  const { settings, signer, verify } = given;
  const { issuer } = settings;
  const { revoke, introspect, keySecret, clientCredentials, password, named, whoami } = settings.endpoints;
  const options = {
    ...given,
    issuer,
    claims: createClaims(given),
    apps: createAppAuthenticator(given),
    endFamily: createEndFamily(password?.lifetimeMs, given),
    audit: given.audit ?? createAudit(given.log),
  };
  const sessions = password && createSessions(password, options);
  const readPresentedToken = createReadPresentedToken(options);
  const published: Record<PublishedEndpoint, Endpoint> = {
    jwks: createJwks(signer),
    metadata: createMetadata(settings),
  };

  const endpoints = new Map<string, Endpoint>();
  for (const [path, name] of publishedPaths(issuer)) endpoints.set(path, published[name]);
  endpoints.set(revoke.path, createRevoke({ ...options, readPresentedToken }));
  endpoints.set(introspect.path, createIntrospect({ ...options, readPresentedToken }));
  if (keySecret) endpoints.set(keySecret.path, createKeySecret(keySecret, options));
  if (clientCredentials)
    endpoints.set(clientCredentials.path, createOAuthToken(clientCredentials, { ...options, sessions }));
  if (password && sessions) endpoints.set(password.path, createPassword({ ...options, sessions }));
  if (named) endpoints.set(named.path, createNamed(named, options));
  if (whoami) endpoints.set(whoami.path, createWhoami(verify));
  return endpoints;
}
