/** Composes the console for each instance of the gateway. Called by `admin-api.ts`. */
import type { Request, RequestHandler, Router } from 'express';
import type { CheckCredential } from '../admin/require-credential.js';
import {
  actorOf,
  AppDirectory,
  createConsole,
  createSampleApi,
  createSessions,
  createTrafficApi,
  firstRequests,
  localOrigin,
  readPageFiles,
  type ConsoleSession,
  type FindSample,
} from '../console/server/console.js';
import type { GatewayState } from '../console/api/session.js';
import { REVOCATION_MARGIN_MS } from '../model/revocation.js';
import { TOKENS } from '../model/tokens.js';
import { VERSION } from '../model/version.js';
import type { Revocations } from '../revocation/revocation.js';
import type { Actor } from '../tokens/administration/policy.js';
import { createAuditChange } from '../tokens/administration/audited.js';
import type { GatewayInstance } from './build-gateway.js';
import { quotasAt } from './console-limits.js';
import type { Fault } from './faults.js';
import type { Runtime } from './resources.js';
import type { TrafficHandle } from './traffic.js';

/** What the console shows of the process that serves. */
export interface ConsoleSources {
  readonly readiness: () => GatewayState['state'];
  /** The faults of all workers that hold now. Never rejects. */
  readonly faults: () => Promise<readonly Fault[]>;
  /** Returns the traffic of all workers and gateways, from a bucket on. */
  readonly collectTraffic: TrafficHandle['collect'];
  /** The port at which clients reach this gateway. */
  readonly publicPort: () => number;
  /** The sample application; undefined outside of the demo. */
  readonly sample?: FindSample | undefined;
}

export interface ConsoleContext {
  readonly runtime: Runtime;
  readonly sources: ConsoleSources;
}

/** What an instance's console is made of. */
export interface ConsoleParts {
  readonly instance: GatewayInstance;
  readonly credential: string;
  readonly checkCredential: CheckCredential;
  readonly routers: readonly Router[];
}

/** Opens the console of an instance; undefined where it is switched off. */
export type OpenConsole = (parts: ConsoleParts) => Promise<RequestHandler | undefined>;

/** The issuer that revocations of sessions name. */
const CONSOLE = 'console';
/** Faults that a developer sees. The others name addresses of the operator's network. */
const PUBLIC_FAULTS: ReadonlySet<Fault['kind']> = new Set(['redis', 'registry', 'revocations']);

/** Creates the function that opens the console. What was signed out is remembered over all instances. */
export function createOpenConsole({ runtime, sources }: ConsoleContext): OpenConsole {
  const { now, random, log } = runtime;
  const signedOut = new SignedOut(now);

  return async ({ instance, credential, checkCredential, routers }) => {
    const { settings, gateway, revocations, logIn, auditTrail } = instance;
    const audit = auditTrail?.record ?? runtime.audit;
    if (!settings.console) return undefined;
    const { prefix, name } = settings.console;
    return createConsole({
      prefix,
      files: await readPageFiles(),
      sessions: createSessions({ credential, now, random }),
      checkCredential,
      logIn,
      clientOf: (req: Request) => {
        const { clientIp, forwardedProto } = gateway.read(req);
        return { ip: clientIp, isSecure: forwardedProto === 'https' };
      },
      isEnded: (session) => signedOut.has(session) || isRevoked(session, revocations, logIn !== undefined),
      async end(session, lastEndMs) {
        signedOut.add(session, lastEndMs);
        if ((await revoke(session, lastEndMs, revocations, now())) === 'unavailable')
          log.warn({}, 'a session of the console was signed out, and other gateways cannot be told');
      },
      state: async ({ kind }) => ({
        name,
        version: VERSION,
        state: sources.readiness(),
        problems: (await faultsFor(kind, sources)).map(({ text, sinceMs }) => ({
          text,
          since: Math.floor(sinceMs / 1000),
        })),
      }),
      onSignIn: (action, { actor }, clientIp) => createAuditChange(audit, { actor, clientIp })({ action }),
      routers: [...routers, trafficRouter(instance, sources, now), ...sampleRouters(instance, sources)],
      log,
    });
  };
}

/** The faults that an actor may see. */
async function faultsFor(kind: Actor['kind'], { faults }: ConsoleSources): Promise<readonly Fault[]> {
  return (await faults()).filter((fault) => kind === 'administrator' || PUBLIC_FAULTS.has(fault.kind));
}

function trafficRouter(instance: GatewayInstance, sources: ConsoleSources, now: () => number): Router {
  const { settings, administerAs } = instance;
  const registry = administerAs?.({ kind: 'administrator' });
  return createTrafficApi({
    ...quotasAt(instance),
    actorOf,
    collect: sources.collectTraffic,
    apps: registry && new AppDirectory({ findApp: (key) => registry.findApp(key), now }),
    faults: ({ kind }) => faultsFor(kind, sources),
    firstRequests: () => requestsOf(settings, sources),
    sample: sources.sample,
    now,
  });
}

/** None outside of the demo. */
function sampleRouters({ settings, administerAs }: GatewayInstance, sources: ConsoleSources): Router[] {
  if (!sources.sample) return [];
  const registry = administerAs?.({ kind: 'administrator' });
  return [
    createSampleApi({
      find: sources.sample,
      isThere: async (key) => (await registry?.findApp(key)) !== undefined,
      requests: (token) => requestsOf(settings, sources, token),
    }),
  ];
}

function requestsOf(
  settings: GatewayInstance['settings'],
  { publicPort }: ConsoleSources,
  token?: string,
): ReturnType<typeof firstRequests> {
  const { listen } = settings;
  return listen ? firstRequests(settings, localOrigin({ ...listen, port: publicPort() }), token) : [];
}

function isRevoked(
  { actor, id, generation, createdAtMs }: ConsoleSession,
  revocations: Revocations | undefined,
  hasUsers: boolean,
): boolean {
  const login = { family: undefined, issuedAtMs: createdAtMs, generation };
  const isSignedOut = revocations?.isRevoked({ ...login, issuer: CONSOLE, app: '', tokenId: id }) ?? false;
  if (isSignedOut || actor.kind === 'administrator') return isSignedOut;
  // Without the revocations it is not known whether there still is such a user.
  if (!hasUsers || !revocations) return true;
  return revocations.refuses({ ...login, issuer: TOKENS, app: actor.user, tokenId: undefined });
}

async function revoke(
  { id }: ConsoleSession,
  lastEndMs: number,
  revocations: Revocations | undefined,
  nowMs: number,
): Promise<'done' | 'unavailable' | undefined> {
  return revocations?.revoke({
    kind: 'token',
    issuer: CONSOLE,
    id,
    cause: 'revoked',
    revokedAtMs: nowMs,
    issuedBeforeMs: undefined,
    generation: undefined,
    endsAtMs: lastEndMs + REVOCATION_MARGIN_MS,
  });
}

/** The sessions that were signed out at this process, until they would have ended. */
class SignedOut {
  readonly #ends = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  has({ id }: ConsoleSession): boolean {
    return this.#ends.has(id);
  }

  add({ id }: ConsoleSession, endMs: number): void {
    const nowMs = this.#now();
    for (const [other, otherEndMs] of this.#ends) if (otherEndMs < nowMs) this.#ends.delete(other);
    this.#ends.set(id, endMs);
  }
}
