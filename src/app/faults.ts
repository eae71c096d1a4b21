/**
 * The faults that hold now, with their begin, for the console. The parts of a gateway know their state, not always since
 * when; so it is read once a second.
 */
import type { GatewayInstance } from './build-gateway.js';
import type { ReloadResult } from './reloader.js';

/** One fault. */
export interface Fault {
  readonly kind: 'redis' | 'registry' | 'revocations' | 'issuer' | 'target' | 'reload';
  /** One sentence without a full stop. */
  readonly text: string;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
}

/** What is watched. */
export interface FaultSources {
  /** The instance in force. */
  readonly current: () => Pick<
    GatewayInstance,
    'redis' | 'revocations' | 'issuerKeys' | 'gateway' | 'settings' | 'isTokenServiceOpen'
  >;
  readonly lastReload: () => ReloadResult | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export interface FaultWatch {
  /** The faults that hold now: those of the gateway's own stores come first. */
  readonly list: () => readonly Fault[];
  /** Stops watching. */
  readonly close: () => void;
}

/** A fault as it is found. Its begin is known in a few cases. */
type FoundFault = Omit<Fault, 'sinceMs'> & { readonly sinceMs?: number | undefined };

const EVERY_MS = 1000;

/** Begins to watch. */
export function watchFaults(sources: FaultSources): FaultWatch {
  /** When each fault was first found, by kind and text. */
  let since = new Map<string, number>();

  function list(): readonly Fault[] {
    const nowMs = sources.now();
    const faults = findFaults(sources).map((fault) => ({
      ...fault,
      sinceMs: fault.sinceMs ?? since.get(keyOf(fault)) ?? nowMs,
    }));
    since = new Map(faults.map((fault) => [keyOf(fault), fault.sinceMs]));
    return faults;
  }

  const timer = setInterval(list, EVERY_MS).unref();
  return { list, close: () => clearInterval(timer) };
}

function keyOf({ kind, text }: FoundFault): string {
  return `${kind} ${text}`;
}

function findFaults({ current, lastReload }: FaultSources): readonly FoundFault[] {
  const { redis, revocations, issuerKeys, gateway, settings, isTokenServiceOpen } = current();
  const faults: FoundFault[] = [];
  if (redis && !redis.isUp) faults.push({ kind: 'redis', text: 'Redis is unavailable' });
  const unreadableSinceMs = revocations?.unavailableSinceMs;
  if (settings.tokens && (unreadableSinceMs !== undefined || !isTokenServiceOpen())) {
    faults.push({ kind: 'registry', text: 'The registry is unavailable', sinceMs: unreadableSinceMs });
  } else if (unreadableSinceMs !== undefined && redis?.isUp === true) {
    faults.push({ kind: 'revocations', text: 'Revocations cannot be read', sinceMs: unreadableSinceMs });
  }
  for (const { name, failure } of issuerKeys()) {
    if (!failure) continue;
    const { reason, sinceMs } = failure;
    faults.push({ kind: 'issuer', text: `The keys of ${name} cannot be read: ${reason}`, sinceMs });
  }
  for (const { upstream, target, isUp } of gateway.forwarder.targets()) {
    if (!isUp) faults.push({ kind: 'target', text: `The target ${target} of ${upstream} is down` });
  }
  const reload = lastReload();
  if (reload && !reload.isInForce) {
    const [first = 'see the log'] = reload.problems;
    faults.push({ kind: 'reload', text: `The last reload failed: ${first}`, sinceMs: reload.atMs });
  }
  return faults;
}
