/** The contract of every registry, run against each database that it can be stored in. */
import { describeAppChanges } from './registry/app-changes.js';
import { describeAudit } from './registry/audit.js';
import { describeApps } from './registry/apps.js';
import { describeEverything } from './registry/everything.js';
import { describeKeys } from './registry/keys.js';
import { describeRefreshTokens } from './registry/refresh-tokens.js';
import { describeRevocations } from './registry/revocations.js';
import { describeUsers } from './registry/users.js';
import type { RegistryFixture, Using } from './registry/samples.js';

export function describeRegistry(name: string, prepare: () => Promise<RegistryFixture>): void {
  const using: Using = async (body) => {
    const place = await prepare();
    try {
      await body(await place.open(), place);
    } finally {
      await place.close();
    }
  };
  describeApps(name, using);
  describeAppChanges(name, using);
  describeUsers(name, using);
  describeRefreshTokens(name, using);
  describeKeys(name, using);
  describeRevocations(name, using);
  describeAudit(name, using);
  describeEverything(name, using);
}
