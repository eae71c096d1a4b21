/** Who asks: finds the app that a key and a secret belong to, and refuses all others alike. */
import { TOKENS } from '../../model/tokens.js';
import { invalidClient, tooManyFailures, type OAuthError } from '../oauth-error.js';
import { CoolingDown, type Attempt, type FailedAttempts } from '../failed-attempts.js';
import type { Revocations, Secrets } from '../ports.js';
import type { App, Registry } from '../registry/registry.js';
import type { Credentials } from '../request/credentials.js';
import type { EndpointName } from './endpoint.js';

export interface AppsOptions {
  readonly registry: Registry;
  readonly secrets: Secrets;
  readonly attempts: FailedAttempts;
  readonly revocations: Revocations;
  readonly now: () => number;
}

export interface Apps {
  /** The living app of these credentials. */
  byCredentials(credentials: Credentials, at: EndpointName, clientIp: string): Promise<App | OAuthError>;
  /** The living app of a secret alone. */
  bySecret(secret: string, at: EndpointName, clientIp: string): Promise<App | OAuthError>;
}

export function createApps({ registry, secrets, attempts, revocations, now }: AppsOptions): Apps {
  async function find(
    attempt: Attempt,
    check: () => Promise<App | undefined>,
    usedAuthorization: boolean,
  ): Promise<App | OAuthError> {
    const app = await attempts.guard(attempt, check);
    if (app instanceof CoolingDown) return tooManyFailures(app.retryAfterS);
    // Whoever shows the right secret of a revoked app has not guessed, and still gets nothing.
    if (app === undefined || isRevoked(app)) return invalidClient(usedAuthorization);
    return app;
  }

  function isRevoked({ key }: App): boolean {
    const app = { issuer: TOKENS, app: key, tokenId: undefined, family: undefined, generation: 0 } as const;
    return revocations.isRevoked({ ...app, issuedAtMs: now() });
  }

  return {
    byCredentials({ id, secret, usedAuthorization }, endpoint, address) {
      return find(
        { endpoint, id, address },
        async () => {
          const app = await registry.findApp(id);
          // Compared even where there is no app, so that it takes the same time.
          return secrets.matches(secret, app?.secretHash) ? app : undefined;
        },
        usedAuthorization,
      );
    },
    bySecret(secret, endpoint, address) {
      const check = () => registry.findAppBySecret(secrets.hash(secret));
      return find({ endpoint, id: undefined, address }, check, false);
    },
  };
}
