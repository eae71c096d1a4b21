/** Verifies the name and password of a user, for `POST /token` and for the console, with one count of failures. */
import type { Secrets } from './deps.js';
import type { FailedAttempts, Throttled } from './failed-attempts.js';
import type { LoginOrigin } from './passwords.js';
import type { Registry, User } from './registry/registry.js';

export interface UserLoginOptions {
  readonly registry: Pick<Registry, 'findUser'>;
  readonly secrets: Pick<Secrets, 'verifyPassword'>;
  readonly attempts: Pick<FailedAttempts, 'guard'>;
}

/**
 * Returns the user of this name and password; undefined where there is none. `busy`: too many logins wait, and nothing was
 * compared. Takes the same time for an unknown name. Rejects where the registry is unavailable.
 */
export type UserLogin = (
  name: string,
  password: string,
  from: LoginOrigin,
) => Promise<User | Throttled | 'busy' | undefined>;

/** The name under which failures are counted, and listed among the cooldowns. */
export const LOGIN_ENDPOINT = 'password';

/** Creates the verification. */
export function createUserLogin({ registry, secrets, attempts }: UserLoginOptions): UserLogin {
  async function check(
    name: string,
    password: string,
    from: LoginOrigin,
  ): Promise<User | 'busy' | undefined> {
    const user = await registry.findUser(name);
    // The password is hashed without a user too, so that it takes the same time.
    const isRight = await secrets.verifyPassword(password, user?.passwordHash, from);
    if (isRight === 'busy') return 'busy';
    if (!isRight || user === undefined) return undefined;
    // Hashing takes long enough for the user to be deleted meanwhile, or created again.
    const current = await registry.findUser(name);
    return current?.passwordHash === user.passwordHash ? current : undefined;
  }

  return (name, password, from) =>
    attempts.guard({ endpoint: LOGIN_ENDPOINT, id: name, address: from.address }, () =>
      check(name, password, from),
    );
}
