/** The stacks, in the order of their turns: how each is started, and which checks it must pass. */
import { mkdirSync } from 'node:fs';
import { inBench, inRepository } from '../paths.js';
import { findCommand } from '../environment/command.js';
import { freePort } from '../environment/port.js';
import { configureGate, type GatewayVariant } from './gate.js';
import { configureHaproxy } from './haproxy.js';
import { configureNginx } from './nginx.js';
import type { StackContext } from './context.js';

export interface StackOptions {
  readonly port: number;
  /** A folder for its files, which is removed after the run. */
  readonly folder: string;
  readonly profile: boolean;
}

export interface Stack {
  readonly name: string;
  readonly title: string;
  /** Whether it verifies, checks scopes and counts; else it only forwards. */
  readonly checks: boolean;
  /** Whether Redis's CPU time counts as its own. */
  readonly redis: boolean;
  /** What happens to every request. */
  readonly responses: 'forwarded' | 'exhausted' | 'tokenless';
  command(place: StackOptions, context: StackContext): Promise<readonly string[]>;
}

/** The baseline of the ratios. */
export const BASELINE = 'http-proxy';
/** The gateway must cost only a fraction of this stack. */
export const NAIVE = 'naive';

export const STACKS: readonly Stack[] = [
  ofNode(BASELINE, 'bare http-proxy', { checks: false, redis: false }),
  ofNode('undici', 'bare undici', { checks: false, redis: false }),
  ofGate('gate-memory', 'Tollgate, memory limits', { limits: 'memory' }),
  ofGate('gate-redis', 'Tollgate, Redis limits', {}),
  ofGate('gate-routes', 'Tollgate, 5,000 routes', { routes: 5000 }),
  ofGate('gate-workers', 'Tollgate, two workers', { workers: 2 }),
  ofGate('gate-exhausted', 'Tollgate, refusing: 429', { limit: '1 per 1d' }, 'exhausted'),
  ofGate('gate-tokenless', 'Tollgate, refusing: 401', {}, 'tokenless'),
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
    responses: 'forwarded',
    command: ({ port, profile }, context) =>
      Promise.resolve([
        ...node(name, profile),
        inBench(`stacks/${name}.js`),
        String(port),
        JSON.stringify(context),
      ]),
  };
}

function ofGate(
  name: string,
  title: string,
  traits: GatewayVariant,
  responses: Stack['responses'] = 'forwarded',
): Stack {
  return {
    name,
    title,
    checks: true,
    redis: traits.limits !== 'memory',
    responses,
    async command({ port, folder, profile }, context) {
      const place = { port, adminPort: await freePort(), folder, name };
      const file = await configureGate(place, traits, context);
      return [...node(name, profile), inRepository('dist/cli/main.js'), 'start', '-c', file];
    },
  };
}

/** None if the program is not installed. */
function ofProgram(
  name: string,
  title: string,
  checks: boolean,
  args: readonly string[],
  configure: (port: number, folder: string, context: StackContext) => Promise<string>,
): readonly Stack[] {
  const program = findCommand(name);
  if (program === undefined) return [];
  const command = async ({ port, folder }: StackOptions, context: StackContext) => [
    program,
    ...args,
    await configure(port, folder, context),
  ];
  return [{ name, title, checks, redis: false, responses: 'forwarded', command }];
}

function node(name: string, profile: boolean): readonly string[] {
  if (!profile) return [process.execPath];
  const folder = inBench(`profiles/${name}`);
  mkdirSync(folder, { recursive: true });
  return [process.execPath, '--cpu-prof', `--cpu-prof-dir=${folder}`];
}
