/** What goes wrong: each fault takes one part of the environment for a few seconds, and puts it right again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pick, type Prng } from '../support/prng.js';
import type { Callers } from './callers.js';
import type { Tokens } from './tokens.js';
import type { Environment } from './environment.js';
import type { Subject, Timeline } from './timeline.js';

/** Applied to its subject for so long; it is over when the promise resolves. */
interface InjectedFault {
  readonly subject: Subject;
  readonly kind: string;
  readonly run: (lastsMs: number) => Promise<void>;
}

export interface Stage {
  readonly environment: Environment;
  readonly callers: Callers;
  readonly tokens: Tokens;
  readonly timeline: Timeline;
  readonly prng: Prng;
}

/** From one fault to the next. */
const LEAST_GAP_MS = 1000;
const MOST_GAP_MS = 3500;
const LEAST_MS = 700;
const MOST_MS = 3500;
/** A slow Redis: it is stopped for so long, and then runs for so long. */
const STUTTER_MS = 100;
/** Longer than the gateways' interval between two fetches of the issuer's keys. */
const KEYS_KNOWN_MS = 9000;
/** Until a gateway that was sent a file has it in force. */
const RELOADED_MS = 1000;
const STORM = 200;

/**
 * Injects faults at random until it is time to stop, then waits for recovery. @returns the number of faults
 */
export async function inject(stage: Stage, untilMs: number, now: () => number): Promise<number> {
  const { timeline, prng } = stage;
  const under: Promise<void>[] = [];
  while (now() < untilMs) {
    await sleep(LEAST_GAP_MS + prng(MOST_GAP_MS - LEAST_GAP_MS));
    const injectedFaults = allOf(stage).filter(({ subject }) => isFree(subject, stage));
    if (injectedFaults.length === 0) continue;
    const { subject, kind, run } = pick(prng, injectedFaults);
    const end = timeline.begin(subject, kind);
    under.push(run(LEAST_MS + prng(MOST_MS - LEAST_MS)).then(end));
  }
  await Promise.all(under);
  return under.length;
}

/** At least one gateway and one target are left unaffected, so that requests can always be served. */
function isFree(subject: Subject, { environment: { gates, targets }, timeline }: Stage): boolean {
  if (timeline.isInjected(subject)) return false;
  const injected = (kind: 'gateway' | 'target', all: readonly unknown[]): number =>
    all.filter((_, i) => timeline.isInjected(`${kind} ${i}`)).length;
  if (subject.startsWith('gateway')) return injected('gateway', gates) < gates.length - 1;
  if (subject.startsWith('target')) return injected('target', targets) < targets.length - 1;
  return true;
}

function allOf(stage: Stage): InjectedFault[] {
  const { gates, targets } = stage.environment;
  return [
    ...redisFaults(stage),
    ...targets.flatMap((_, i) => targetFaults(stage, i)),
    ...issuerFaults(stage),
    ...gates.flatMap((_, i) => gatewayFaults(stage, i)),
    {
      subject: 'clients',
      kind: 'storm',
      run: () => stage.callers.storm(STORM),
    },
  ];
}

function redisFaults({ environment: { redis, counts } }: Stage): InjectedFault[] {
  return [
    {
      subject: 'redis',
      kind: 'stopped',
      async run(lastsMs) {
        redis.stop();
        await sleep(lastsMs);
        redis.continue();
      },
    },
    {
      subject: 'redis',
      kind: 'killed',
      async run(lastsMs) {
        await redis.kill();
        counts.lost();
        await sleep(lastsMs);
        await redis.restart();
        await counts.found();
      },
    },
    {
      subject: 'redis',
      kind: 'slow',
      async run(lastsMs) {
        for (let left = lastsMs; left > 0; left -= 2 * STUTTER_MS) {
          redis.stop();
          await sleep(STUTTER_MS);
          redis.continue();
          await sleep(STUTTER_MS);
        }
      },
    },
  ];
}

function targetFaults({ environment }: Stage, at: number): InjectedFault[] {
  return (['hung', 'resetting', 'dead'] as const).map((behaviour) => ({
    subject: `target ${at}`,
    kind: behaviour,
    async run(lastsMs) {
      await environment.targets[at]!.become(behaviour);
      await sleep(lastsMs);
      await environment.targets[at]!.become('well');
    },
  }));
}

function issuerFaults({ environment: { issuer }, tokens }: Stage): InjectedFault[] {
  const breaks = (kind: string, how: () => void): InjectedFault => ({
    subject: 'issuer',
    kind,
    async run(lastsMs) {
      how();
      await sleep(lastsMs);
      issuer.heal();
    },
  });
  return [
    breaks('hung', () => issuer.hang()),
    breaks('unavailable', () => issuer.breakWith(503)),
    {
      subject: 'issuer',
      kind: 'rotating',
      async run() {
        tokens.rotate();
        await sleep(KEYS_KNOWN_MS);
        tokens.settle();
      },
    },
  ];
}

function gatewayFaults(stage: Stage, at: number): InjectedFault[] {
  const gate = stage.environment.gates[at]!;
  const ends = (kind: string, signal: 'SIGKILL' | 'SIGTERM'): InjectedFault => ({
    subject: `gateway ${at}`,
    kind,
    async run(lastsMs) {
      await gate.stop(signal);
      await sleep(lastsMs);
      await gate.start();
    },
  });
  return [
    ends('killed', 'SIGKILL'),
    ends('stopped', 'SIGTERM'),
    ...reloads(stage, at),
    ...(gate.workers > 1
      ? [{ subject: `gateway ${at}`, kind: 'worker killed', run: () => gate.killWorker() } as const]
      : []),
  ];
}

/** A file that is equivalent to the last one, and an invalid one: neither excuses any failure. */
function reloads({ environment }: Stage, at: number): InjectedFault[] {
  const gate = environment.gates[at]!;
  const rewritten = (kind: string, change: (text: string) => string): InjectedFault => ({
    subject: `gateway ${at}`,
    kind,
    async run(lastsMs) {
      await gate.reload(change);
      await sleep(lastsMs);
      await gate.reload();
      await sleep(RELOADED_MS);
    },
  });
  return [
    rewritten('reloaded', (text) => text.replace('"drain_timeout":"3s"', '"drain_timeout":"4s"')),
    rewritten('reloaded with an error', (text) => text.replace('"routes"', '"roads"')),
  ];
}
