/** Authenticates apps by key and secret, or by secret alone, for the endpoints. All failures get the same response. */
import type { Log } from '../../model/log.js';
import { TOKENS } from '../../model/tokens.js';
import { invalidClient, tooManyFailures, type OAuthError } from '../oauth-error.js';
import { Throttled, type CredentialAttempt, type FailedAttempts } from '../failed-attempts.js';
import type { TokenRevocations, Secrets } from '../deps.js';
import type { App, Registry } from '../registry/registry.js';
import type { Credentials } from '../request/credentials.js';
import type { Call, EndpointName } from './endpoint.js';

export interface AppsOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly attempts: FailedAttempts;
  readonly revocations: TokenRevocations;
  readonly now: () => number;
  readonly nameClient: NameClient;
  readonly log: Log;
}

/** The log fields for a client that failed to authenticate: its id, or a keyed hash of it. */
export type NameClient = (id: string) => object;

/** A request's client address, and its id in the log. */
export type Origin = Pick<Call, 'clientIp' | 'requestId'>;

/** Logs a failed authentication: endpoint, client and address. */
export function logFailure(
  { log, nameClient }: Pick<AppsOptions, 'log' | 'nameClient'>,
  { endpoint, id, address }: CredentialAttempt,
  requestId: string,
): void {
  const client = id === undefined ? {} : nameClient(id);
  log.info({ request_id: requestId, client_ip: address, endpoint, ...client }, 'wrong credentials');
}

export interface AppAuthenticator {
  /** Finds the app of these credentials. Deleted and revoked apps are refused. */
  byCredentials(credentials: Credentials, at: EndpointName, from: Origin): Promise<App | OAuthError>;
  /** Finds the app of a secret alone. Deleted and revoked apps are refused. */
  bySecret(secret: string, at: EndpointName, from: Origin): Promise<App | OAuthError>;
}

/** Creates the authenticator. Its methods reject if the registry is unavailable. */
export function createAppAuthenticator(options: AppsOptions): AppAuthenticator {
  const { registry, secrets, attempts, revocations, now } = options;

  async function authenticate(
    attempt: CredentialAttempt,
    check: () => Promise<App | undefined>,
    usedAuthorization: boolean,
    requestId: string,
  ): Promise<App | OAuthError> {
    const app = await attempts.guard(attempt, check);
    if (app instanceof Throttled) return tooManyFailures(app.retryAfterS);
    // The right secret of a revoked app counts as no failed attempt, but is refused.
    if (app !== undefined && !isRevoked(app)) return app;
    logFailure(options, attempt, requestId);
    return invalidClient(usedAuthorization);
  }

  function isRevoked({ key, generation }: App): boolean {
    const app = { issuer: TOKENS, app: key, tokenId: undefined, family: undefined, generation } as const;
    return revocations.isRevoked({ ...app, issuedAtMs: now() });
  }

  /** Both comparisons always run, also without an app, so that the time does not show which one matched. */
  function isSecretOf(app: App | undefined, secret: string): boolean {
    const previous = app?.previousSecret;
    const previousHash = previous !== undefined && now() < previous.untilMs ? previous.hash : undefined;
    const isCurrent = secrets.matches(secret, app?.secretHash);
    const isPrevious = secrets.matches(secret, previousHash);
    return isCurrent || isPrevious;
  }

  return {
    byCredentials({ id, secret, usedAuthorization }, endpoint, { clientIp: address, requestId }) {
      return authenticate(
        { endpoint, id, address },
        async () => {
          const app = await registry.findApp(id);
          return isSecretOf(app, secret) ? app : undefined;
        },
        usedAuthorization,
        requestId,
      );
    },
    bySecret(secret, endpoint, { clientIp: address, requestId }) {
      const check = () => registry.findAppBySecret(secrets.hash(secret), now());
      return authenticate({ endpoint, id: undefined, address }, check, false, requestId);
    },
  };
}
