/** The stacks, in the order of their turns: how each is started, and what must be seen of it. */
import { mkdirSync } from 'node:fs';
import { inBench, inRepository } from '../place.js';
import { findCommand } from '../scenery/command.js';
import { freePort } from '../scenery/port.js';
import { configureGate } from './gate.js';
import { configureHaproxy } from './haproxy.js';
import { configureNginx } from './nginx.js';
import type { World } from './world.js';

export interface StackPlace {
  readonly port: number;
  /** A folder for its files, which goes away after the run. */
  readonly folder: string;
  readonly profile: boolean;
}

export interface Stack {
  readonly name: string;
  readonly title: string;
  /** Whether it verifies, checks scopes and counts; else it only forwards. */
  readonly checks: boolean;
  /** Whether it asks Redis at each request. */
  readonly redis: boolean;
  command(place: StackPlace, world: World): Promise<readonly string[]>;
}

/** The stack that the ratios are made with. */
export const YARDSTICK = 'http-proxy';
/** The stack that the gate must cost a fraction of. */
export const NAIVE = 'naive';

export const STACKS: readonly Stack[] = [
  ofNode(YARDSTICK, 'bare http-proxy', { checks: false, redis: false }),
  ofNode('undici', 'bare undici', { checks: false, redis: false }),
  ofGate('gate-memory', 'the gate, memory limits', 'memory'),
  ofGate('gate-redis', 'the gate, Redis limits', 'redis'),
  ofNode(NAIVE, 'the naive composition', { checks: true, redis: true }),
  ofNode('fastify', 'the Fastify stack', { checks: true, redis: true }),
  ...ofProgram('haproxy', 'HAProxy, jwt_verify', true, ['-db', '-f'], configureHaproxy),
  ...ofProgram('nginx', 'nginx, a plain proxy', false, ['-e', 'stderr', '-c'], configureNginx),
];

function ofNode(name: string, title: string, traits: Pick<Stack, 'checks' | 'redis'>): Stack {
  return {
    name,
    title,
    ...traits,
    command: ({ port, profile }, world) =>
      Promise.resolve([
        ...node(name, profile),
        inBench(`stacks/${name}.js`),
        String(port),
        JSON.stringify(world),
      ]),
  };
}

function ofGate(name: string, title: string, limits: 'memory' | 'redis'): Stack {
  return {
    name,
    title,
    checks: true,
    redis: limits === 'redis',
    async command({ port, folder, profile }, world) {
      const adminPort = await freePort();
      const file = await configureGate({ port, adminPort, folder, name, limits }, world);
      return [...node(name, profile), inRepository('dist/cli/main.js'), 'start', '-c', file];
    },
  };
}

/** None where the program is not installed. */
function ofProgram(
  name: string,
  title: string,
  checks: boolean,
  args: readonly string[],
  configure: (port: number, folder: string, world: World) => Promise<string>,
): readonly Stack[] {
  const program = findCommand(name);
  if (program === undefined) return [];
  const command = async ({ port, folder }: StackPlace, world: World) => [
    program,
    ...args,
    await configure(port, folder, world),
  ];
  return [{ name, title, checks, redis: false, command }];
}

function node(name: string, profile: boolean): readonly string[] {
  if (!profile) return [process.execPath];
  const folder = inBench(`profiles/${name}`);
  mkdirSync(folder, { recursive: true });
  return [process.execPath, '--cpu-prof', `--cpu-prof-dir=${folder}`];
}
