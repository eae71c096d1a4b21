/** Gateways that share a Redis or a cluster, each a process of its own, as replicas on several machines would be. */
import { inRepository } from '../paths.js';
import { startChild, type Child } from '../environment/child.js';
import type { Environment, Started } from '../environment/environment.js';
import { freePort } from '../environment/port.js';
import { configureGate, type GatewayVariant } from '../stacks/gate.js';

/** One running gateway. */
export interface ScaleGateway extends Child {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
}

/** A Redis server that gateways use. */
export interface ScaleRedis {
  readonly pid: number;
  /** `host:port`. */
  readonly address: string;
}

/** Several gateways, and the Redis servers that they use. */
export interface Setup {
  readonly name: string;
  readonly gateways: readonly ScaleGateway[];
  readonly redis: readonly ScaleRedis[];
}

/**
 * Starts gateways that share their counts.
 *
 * @param name their prefix of keys in Redis
 */
export async function startGateways(
  { folder, context }: Environment,
  started: Started,
  name: string,
  count: number,
  variant: GatewayVariant,
): Promise<readonly ScaleGateway[]> {
  const gateways: ScaleGateway[] = [];
  for (let number = 1; number <= count; number++) {
    const [port, adminPort] = [await freePort(), await freePort()];
    const file = await configureGate(
      { port, adminPort, folder, name, fileName: `${name}-${number}` },
      variant,
      context,
    );
    const command = [process.execPath, inRepository('dist/cli/main.js'), 'start', '-c', file];
    const origin = `http://127.0.0.1:${port}`;
    const child = await startChild(`gateway ${number} of ${name}`, command, async () => {
      const response = await fetch(origin + context.path);
      return response.status === 401;
    });
    gateways.push(started.add({ ...child, origin }));
  }
  return gateways;
}
