/** The operations of an actor on apps, users and cooldowns, with an audit line for each change. */
import type { Audit, AuditEntry } from '../../model/audit.js';
import type { Administration } from '../administration.js';
import type { CooldownAdministration } from './cooldowns.js';
import type { Actor } from './policy.js';

/** Who makes a request, and from where. */
export interface Caller {
  readonly actor: Actor;
  readonly clientIp: string | undefined;
}

/** Audits a change; the actor and the address are added. */
export type AuditChange = (change: Omit<AuditEntry, 'by' | 'actor' | 'client_ip'>) => void;

/** Creates the function that audits the changes of a caller. */
export function createAuditChange(audit: Audit, { actor, clientIp }: Caller): AuditChange {
  const by =
    actor.kind === 'developer' ? ({ by: 'developer', actor: actor.user } as const) : { by: 'admin' as const };
  const from = clientIp === undefined ? {} : { client_ip: clientIp };
  return (change) => audit({ ...by, ...from, ...change });
}

export type ActorAdministration = Administration & CooldownAdministration;

/** Wraps the operations that change something. */
export function withAudit(inner: ActorAdministration, audit: AuditChange): ActorAdministration {
  return {
    ...inner,
    async createApp(request) {
      const app = await inner.createApp(request);
      audit({ action: 'app_created', app: app.key });
      return app;
    },
    async updateApp(key, patch) {
      const app = await inner.updateApp(key, patch);
      if (app) {
        const fields = (['name', 'scopes', 'organization'] as const).filter(
          (one) => patch[one] !== undefined,
        );
        audit({ action: 'app_changed', app: key, fields, tokens_revoked: app.tokens_revoked });
      }
      return app;
    },
    async deleteApp(key) {
      const isDeleted = await inner.deleteApp(key);
      if (isDeleted) audit({ action: 'app_deleted', app: key });
      return isDeleted;
    },
    async rotateSecret(key, overlap) {
      const rotated = await inner.rotateSecret(key, overlap);
      if (rotated) audit({ action: 'app_secret_rotated', app: key });
      return rotated;
    },
    async addUser(...request) {
      const user = await inner.addUser(...request);
      audit({ action: 'user_created', user: user.name });
      return user;
    },
    async deleteUser(name) {
      const isDeleted = await inner.deleteUser(name);
      if (isDeleted) audit({ action: 'user_deleted', user: name });
      return isDeleted;
    },
    async endCooldown(id) {
      const isEnded = await inner.endCooldown(id);
      if (isEnded) audit({ action: 'cooldown_ended', cooldown: id });
      return isEnded;
    },
  };
}
