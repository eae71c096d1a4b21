/** What goes wrong: each fault takes one part of the scenery for a few seconds, and puts it right again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { oneOf, type Dice } from '../support/dice.js';
import type { Callers } from './callers.js';
import type { Tokens } from './passes.js';
import type { Scenery } from './scenery.js';
import type { Subject, Timeline } from './timeline.js';

/** Done to its subject for so long; it is over when the promise resolves. */
interface Mishap {
  readonly subject: Subject;
  readonly kind: string;
  readonly run: (lastsMs: number) => Promise<void>;
}

export interface Stage {
  readonly scenery: Scenery;
  readonly callers: Callers;
  readonly tokens: Tokens;
  readonly timeline: Timeline;
  readonly dice: Dice;
}

/** From one fault to the next. */
const LEAST_GAP_MS = 1000;
const MOST_GAP_MS = 3500;
const LEAST_MS = 700;
const MOST_MS = 3500;
/** A Redis that stands still for so long, and then works for so long, is slow. */
const STUTTER_MS = 100;
/** Longer than the gates wait between two looks at the issuer's keys. */
const KEYS_KNOWN_MS = 9000;
/** Until a gate that was told of a file has it in force. */
const RELOADED_MS = 1000;
const STORM = 200;

/** Strikes at random until it is time to stop, then waits until all is well again. @returns how often it struck */
export async function strike(stage: Stage, untilMs: number, now: () => number): Promise<number> {
  const { timeline, dice } = stage;
  const under: Promise<void>[] = [];
  while (now() < untilMs) {
    await sleep(LEAST_GAP_MS + dice(MOST_GAP_MS - LEAST_GAP_MS));
    const mishaps = allOf(stage).filter(({ subject }) => isFree(subject, stage));
    if (mishaps.length === 0) continue;
    const { subject, kind, run } = oneOf(dice, mishaps);
    const end = timeline.begin(subject, kind);
    under.push(run(LEAST_MS + dice(MOST_MS - LEAST_MS)).then(end));
  }
  await Promise.all(under);
  return under.length;
}

/** One gate and one target at least are left alone, so that there is always a way. */
function isFree(subject: Subject, { scenery: { gates, targets }, timeline }: Stage): boolean {
  if (timeline.isStruck(subject)) return false;
  const struck = (kind: 'gate' | 'target', all: readonly unknown[]): number =>
    all.filter((_, i) => timeline.isStruck(`${kind} ${i}`)).length;
  if (subject.startsWith('gate')) return struck('gate', gates) < gates.length - 1;
  if (subject.startsWith('target')) return struck('target', targets) < targets.length - 1;
  return true;
}

function allOf(stage: Stage): Mishap[] {
  const { gates, targets } = stage.scenery;
  return [
    ...redisMishaps(stage),
    ...targets.flatMap((_, i) => targetMishaps(stage, i)),
    ...issuerMishaps(stage),
    ...gates.flatMap((_, i) => gateMishaps(stage, i)),
    {
      subject: 'clients',
      kind: 'storm',
      run: () => stage.callers.storm(STORM),
    },
  ];
}

function redisMishaps({ scenery: { redis, counts } }: Stage): Mishap[] {
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

function targetMishaps({ scenery }: Stage, at: number): Mishap[] {
  return (['hung', 'resetting', 'dead'] as const).map((mood) => ({
    subject: `target ${at}`,
    kind: mood,
    async run(lastsMs) {
      await scenery.targets[at]!.become(mood);
      await sleep(lastsMs);
      await scenery.targets[at]!.become('well');
    },
  }));
}

function issuerMishaps({ scenery: { issuer }, tokens }: Stage): Mishap[] {
  const breaks = (kind: string, how: () => void): Mishap => ({
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

function gateMishaps(stage: Stage, at: number): Mishap[] {
  const gate = stage.scenery.gates[at]!;
  const ends = (kind: string, signal: 'SIGKILL' | 'SIGTERM'): Mishap => ({
    subject: `gate ${at}`,
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
      ? [{ subject: `gate ${at}`, kind: 'bereft', run: () => gate.killWorker() } as const]
      : []),
  ];
}

/** A file that is as good as the one before, and one that is none: neither is an excuse for anything. */
function reloads({ scenery }: Stage, at: number): Mishap[] {
  const gate = scenery.gates[at]!;
  const rewritten = (kind: string, change: (text: string) => string): Mishap => ({
    subject: `gate ${at}`,
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
    rewritten('reloaded wrongly', (text) => text.replace('"routes"', '"roads"')),
  ];
}
