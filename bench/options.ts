/** The command line of `npm run bench -- …`. */
import { parseArgs } from 'node:util';

export interface Options {
  /** The number of rounds. */
  readonly rounds: number;
  /** The length of a measured window. */
  readonly seconds: number;
  /** How long a stack is warmed up before the first round; V8 compiles in background threads for seconds. */
  readonly warmUpS: number;
  /** Names; empty: all. */
  readonly scenarios: readonly string[];
  readonly stacks: readonly string[];
  /** Whether every Node stack writes a CPU profile; the figures of such a run are not saved. */
  readonly profile: boolean;
}

export const USAGE = `usage: npm run bench -- [--quick] [--rounds N] [--seconds S] [--scenarios a,b] [--stacks a,b] [--profile]

  --quick      two short rounds of the first scenario, about 40 s; nothing is kept
  --rounds     how often every stack has its turn (5; at most 50)
  --seconds    how long a measured window is (3; at most 60)
  --scenarios  only these
  --stacks     only these, and http-proxy, which the ratios are made with; nothing is kept
  --profile    writes CPU profiles to .bench/profiles/; nothing is kept`;

export class WrongUsage extends Error {}

export function readOptions(args: readonly string[], firstScenario: string): Options {
  const values = parse(args);
  const quick = values.quick ?? false;
  return {
    rounds: whole('rounds', values.rounds ?? (quick ? '2' : '5'), 50),
    seconds: whole('seconds', values.seconds ?? (quick ? '2' : '3'), 60),
    warmUpS: quick ? 2 : 6,
    scenarios: names(values.scenarios ?? (quick ? firstScenario : '')),
    stacks: names(values.stacks ?? ''),
    profile: values.profile ?? false,
  };
}

/**
 * Whether a run has all stacks of its scenarios, for long enough, so that its figures may replace the saved
 * ones.
 */
export function isWhole({ rounds, stacks, profile }: Options): boolean {
  return rounds >= 3 && stacks.length === 0 && !profile;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        scenarios: { type: 'string' },
        stacks: { type: 'string' },
        profile: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new WrongUsage(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new WrongUsage(`--${name} must be a whole number from 1 to ${most}`);
  }
  return value;
}

function names(text: string): readonly string[] {
  return text.split(',').filter((name) => name !== '');
}
