/** The administration of a real registry in a SQLite file, as an administrator and as developers. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTokenService, type TokenServiceHandle } from '../../../src/app/token-service.js';
import type { AuditEntry } from '../../../src/model/audit.js';
import type { Actor } from '../../../src/tokens/administration/policy.js';
import {
  createAdministrationFor,
  type ActorAdministration,
  type RevocationAdministration,
} from '../../../src/tokens/administration-for.js';
import { createFailedAttempts, type FailedAttempts } from '../../../src/tokens/tokens.js';
import { SILENT } from '../../redis/logs.js';

export interface Operations extends ActorAdministration {
  readonly revocations: RevocationAdministration;
}

export interface AdministeredRegistry {
  readonly admin: Operations;
  /** A developer of the organization Acme with the scopes `orders:*` and `files:read`. */
  readonly developer: Operations;
  as(actor: Actor): Operations;
  readonly registry: TokenServiceHandle['registry'];
  readonly attempts: FailedAttempts;
  /** Every audit line. */
  readonly audited: AuditEntry[];
  close(): Promise<void>;
}

export const DEVELOPER = {
  kind: 'developer',
  user: 'ada',
  organization: 'Acme',
  scopes: ['orders:*', 'files:read'],
} as const;

export async function openAdministration(): Promise<AdministeredRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-administration-'));
  const database = { kind: 'sqlite', path: join(folder, 'tollgate.db') } as const;
  const config = {
    database,
    keyEncryptionKey: undefined,
    previousKeyEncryptionKey: undefined,
    longestLifetimeMs: undefined,
  };
  const runtime = { now: Date.now, random: randomBytes, pepper: undefined, log: SILENT };
  const tokens = await openTokenService(config, runtime);
  const { registry, fingerprintOfId } = tokens;
  const attempts = createFailedAttempts({
    settings: { attempts: 2, windowMs: 60_000, cooldownMs: 600_000 },
    networkOf: (address) => address,
    fingerprintOfId,
    now: Date.now,
    log: SILENT,
  });
  const audited: AuditEntry[] = [];
  const administrationFor = createAdministrationFor({
    administerAs: (actor) => tokens.administerAs(actor, () => Promise.resolve(), attempts),
    store: {
      list: () => registry.revocations(Date.now()),
      async revoke(revocation) {
        await registry.revoke(revocation);
        return 'done';
      },
      restore: (issuer, app) => registry.restore(issuer, app, Date.now()),
    },
    issuers: new Set(['tokens', 'named', 'outside']),
    audit: (entry) => audited.push(entry),
    now: Date.now,
  });
  const as = (actor: Actor): Operations => {
    const { registry: operations, revocations } = administrationFor({ actor, clientIp: '192.0.2.1' });
    return { ...operations!, revocations };
  };
  return {
    admin: as({ kind: 'administrator' }),
    developer: as(DEVELOPER),
    as,
    registry,
    attempts,
    audited,
    async close() {
      await tokens.close();
      await rm(folder, { recursive: true });
    },
  };
}
