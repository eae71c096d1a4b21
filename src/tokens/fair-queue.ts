/**
 * Shares a few slots for costly work fairly; used for password hashing and signing. While all slots are taken, callers
 * wait. Slots go round-robin to networks, and within a network to its callers, so that one network's requests, however
 * many, do not all run before another's.
 *
 * The queue is bounded. When it is full, the newest waiter of the caller with the most waiters is refused, so that a
 * caller with one waiter is not displaced by callers with many.
 */

export interface Caller {
  /** The caller's network. */
  readonly network: string;
  /** The caller's name within that network. */
  readonly name: string;
}

export interface FairQueueOptions {
  /** How many calls of `work` run at once. */
  readonly width: number;
  /** The most waiters from one network. */
  readonly maxPerNetwork: number;
  /** The most waiters in total. */
  readonly maxWaiting: number;
}

/** Runs `work` when a slot is free. Resolves to `busy`, without running it, if too many wait; rejects if `work` does. */
export type FairQueue = <T>(caller: Caller, work: () => Promise<T>) => Promise<T | 'busy'>;

/** Called once: with true when the waiter gets a slot, with false when it is refused. */
type Waiter = (hasSlot: boolean) => void;

interface Network {
  size: number;
  /** The callers with waiters, the next one to be served first. */
  readonly callers: Map<string, Waiter[]>;
}

/** Creates a queue without waiters. */
export function createFairQueue({ width, maxPerNetwork, maxWaiting }: FairQueueOptions): FairQueue {
  /** The networks with waiters, the next one to be served first. */
  const networks = new Map<string, Network>();
  let running = 0;
  let waiting = 0;

  function refuseOne(networkName: string, network: Network): void {
    const [name, waiters] = largest(network.callers, ({ length }) => length);
    const refused = waiters.pop();
    if (waiters.length === 0) network.callers.delete(name);
    remove(networkName, network);
    refused?.(false);
  }

  function remove(networkName: string, network: Network): void {
    network.size -= 1;
    waiting -= 1;
    if (network.size === 0) networks.delete(networkName);
  }

  /** Makes room for one more waiter. False if the caller itself is to be refused. */
  function makeRoom({ network: networkName, name }: Caller): boolean {
    const network = networks.get(networkName);
    if (network && network.size >= maxPerNetwork) {
      const [, longest] = largest(network.callers, ({ length }) => length);
      if (longest.length <= (network.callers.get(name)?.length ?? 0) + 1) return false;
      refuseOne(networkName, network);
    }
    if (waiting < maxWaiting) return true;
    if (waiting === 0) return false;
    const [largestName, largestNetwork] = largest(networks, ({ size }) => size);
    if (largestNetwork.size <= (networks.get(networkName)?.size ?? 0) + 1) return false;
    refuseOne(largestName, largestNetwork);
    return true;
  }

  function wait(caller: Caller): Promise<boolean> {
    if (!makeRoom(caller)) return Promise.resolve(false);
    let network = networks.get(caller.network);
    if (!network) networks.set(caller.network, (network = { size: 0, callers: new Map() }));
    const waiters = network.callers.get(caller.name) ?? [];
    network.callers.set(caller.name, waiters);
    network.size += 1;
    waiting += 1;
    return new Promise((resolve) => waiters.push(resolve));
  }

  /** Gives the slot directly to the next waiter. Its network and its caller move to the end. */
  function releaseSlot(): void {
    for (const [networkName, network] of networks) {
      for (const [name, waiters] of network.callers) {
        const next = waiters.shift();
        network.callers.delete(name);
        if (waiters.length > 0) network.callers.set(name, waiters);
        networks.delete(networkName);
        networks.set(networkName, network);
        remove(networkName, network);
        next?.(true);
        return;
      }
    }
    running -= 1;
  }

  return async function run(caller, work) {
    if (running < width) running += 1;
    else if (!(await wait(caller))) return 'busy';
    try {
      return await work();
    } finally {
      releaseSlot();
    }
  };
}

/** The entry of the largest size; the map must not be empty. */
function largest<V>(map: ReadonlyMap<string, V>, sizeOf: (value: V) => number): readonly [string, V] {
  return [...map].reduce((a, b) => (sizeOf(b[1]) > sizeOf(a[1]) ? b : a));
}
