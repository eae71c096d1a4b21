/** Who asks: finds the app that a key and a secret belong to, and refuses all others alike. */
import type { Log } from '../../model/log.js';
import { TOKENS } from '../../model/tokens.js';
import { invalidClient, tooManyFailures, type OAuthError } from '../oauth-error.js';
import { Throttled, type Attempt, type FailedAttempts } from '../failed-attempts.js';
import type { Revocations, Secrets } from '../deps.js';
import type { App, Registry } from '../registry/registry.js';
import type { Credentials } from '../request/credentials.js';
import type { Call, EndpointName } from './endpoint.js';

export interface AppsOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly attempts: FailedAttempts;
  readonly revocations: Revocations;
  readonly now: () => number;
  readonly nameClient: NameClient;
  readonly log: Log;
}

/** The fields by which the log names whoever could not authenticate: an id as it is, or a keyed hash of it. */
export type NameClient = (id: string) => object;

/** Where a request comes from, and its name in the log. */
export type Origin = Pick<Call, 'clientIp' | 'requestId'>;

/** Logs that credentials were wrong: which endpoint, whose, from where. */
export function logFailure(
  { log, nameClient }: Pick<AppsOptions, 'log' | 'nameClient'>,
  { endpoint, id, address }: Attempt,
  requestId: string,
): void {
  const client = id === undefined ? {} : nameClient(id);
  log.info({ request_id: requestId, client_ip: address, endpoint, ...client }, 'wrong credentials');
}

export interface AppAuthenticator {
  /** The living app of these credentials. */
  byCredentials(credentials: Credentials, at: EndpointName, from: Origin): Promise<App | OAuthError>;
  /** The living app of a secret alone. */
  bySecret(secret: string, at: EndpointName, from: Origin): Promise<App | OAuthError>;
}

export function createAppAuthenticator(options: AppsOptions): AppAuthenticator {
  const { registry, secrets, attempts, revocations, now } = options;

  async function find(
    attempt: Attempt,
    check: () => Promise<App | undefined>,
    usedAuthorization: boolean,
    requestId: string,
  ): Promise<App | OAuthError> {
    const app = await attempts.guard(attempt, check);
    if (app instanceof Throttled) return tooManyFailures(app.retryAfterS);
    // Whoever shows the right secret of a revoked app has not guessed, and still gets nothing.
    if (app !== undefined && !isRevoked(app)) return app;
    logFailure(options, attempt, requestId);
    return invalidClient(usedAuthorization);
  }

  function isRevoked({ key }: App): boolean {
    const app = { issuer: TOKENS, app: key, tokenId: undefined, family: undefined, generation: 0 } as const;
    return revocations.isRevoked({ ...app, issuedAtMs: now() });
  }

  return {
    byCredentials({ id, secret, usedAuthorization }, endpoint, { clientIp: address, requestId }) {
      return find(
        { endpoint, id, address },
        async () => {
          const app = await registry.findApp(id);
          // Compared even where there is no app, so that it takes the same time.
          return secrets.matches(secret, app?.secretHash) ? app : undefined;
        },
        usedAuthorization,
        requestId,
      );
    },
    bySecret(secret, endpoint, { clientIp: address, requestId }) {
      const check = () => registry.findAppBySecret(secrets.hash(secret));
      return find({ endpoint, id: undefined, address }, check, false, requestId);
    },
  };
}
