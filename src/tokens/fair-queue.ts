/**
 * A few slots for costly work, shared fairly. While all are taken, callers wait: networks take turns, and within a
 * network its callers take turns, so that no number of requests from one place makes another place wait for all of them.
 *
 * The queue is bounded. When it is full, whoever waits most often gives up a place: the newest waiter of the caller with
 * the most waiters is refused, so that a caller who waits once is not refused by others who wait many times.
 */

export interface Caller {
  /** The network that the caller is in. */
  readonly network: string;
  /** The caller's name within that network. */
  readonly name: string;
}

export interface FairQueueOptions {
  /** How much work runs at once. */
  readonly width: number;
  /** How many waiters there may be from one network. */
  readonly maxPerNetwork: number;
  /** How many waiters there may be in all. */
  readonly maxWaiting: number;
}

/** Runs the work as soon as there is a slot; resolves to `busy`, without running it, where too much waits already. */
export type FairQueue = <T>(caller: Caller, work: () => Promise<T>) => Promise<T | 'busy'>;

/** Called once: true when it is the waiter's turn, false when it is refused. */
type Waiter = (isItsTurn: boolean) => void;

interface Network {
  size: number;
  /** Those with waiters, the one whose turn is next first. */
  readonly callers: Map<string, Waiter[]>;
}

export function createFairQueue({ width, maxPerNetwork, maxWaiting }: FairQueueOptions): FairQueue {
  /** Those with waiters, the one whose turn is next first. */
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

  /** False where the caller is the one to be refused. */
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

  /** The slot goes directly to the next waiter. What was served moves to the end of its row. */
  function passOn(): void {
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
      passOn();
    }
  };
}

/** The entry of the largest size; the map must not be empty. */
function largest<V>(map: ReadonlyMap<string, V>, sizeOf: (value: V) => number): readonly [string, V] {
  return [...map].reduce((a, b) => (sizeOf(b[1]) > sizeOf(a[1]) ? b : a));
}
