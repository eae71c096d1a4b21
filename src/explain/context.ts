/** What `explain` needs of the gateway instance that is asked. */
import type { AuthenticateRequest, TokenTrace } from '../authenticate/authenticate.js';
import type { Gateway } from '../gateway.js';
import type { InspectLimits } from '../limit/limit.js';
import type { Principal } from '../model/principal.js';
import type { Refusal } from '../model/refusal.js';
import type { Settings } from '../model/settings.js';
import type { EarlyRules } from '../server/server.js';

export interface ExplainContext {
  readonly settings: Settings;
  readonly gateway: Pick<Gateway, 'read' | 'readTarget' | 'steps'> &
    EarlyRules & { readonly forwarder: Pick<Gateway['forwarder'], 'preview'> };
  readonly inspectLimits: InspectLimits;
  /** Creates the step `authenticate` without a cache of its own or the gateway's; its checks are recorded in the trace. */
  readonly createTraced: (trace: TokenTrace) => AuthenticateRequest;
  readonly checkRevocation: (principal: Principal) => Refusal | undefined;
  /** Whether revocations are known to this instance. */
  readonly knowsRevocations: boolean;
  /** False for an instance that is built for the question alone: it has no counts, no registry and no revocations. */
  readonly isRunning: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
