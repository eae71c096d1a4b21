/** Reloads, one after the other: what is in force, what is told, and what a drain does to them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, ConfigUnreadable } from '../../src/config/config.js';
import { Problem } from '../../src/config/problem.js';
import { openConfigReloader, type ReloadableGateway, type ConfigReloader } from '../../src/app/reloader.js';
import type { Log } from '../../src/model/log.js';
import type { Settings } from '../../src/model/settings.js';

let logged: { level: string; fields: object }[];
let results: boolean[];
let taken: string[];
let built: string[];
/** What the file says, or what is wrong with it. */
let file: string | Error;
/** Holds every building back until it settles. */
let gateOpens: Promise<void>;
let closed: string[];
/** What fails once the new generation is in force. */
let failing: 'takeOver' | 'onReload' | undefined;

beforeEach(() => {
  [logged, results, taken, built, closed] = [[], [], [], [], []];
  file = 'first';
  failing = undefined;
  gateOpens = Promise.resolve();
});

/** Of all settings these tests need a name. */
function settings(source: string): Settings {
  return { source, routes: [] } as unknown as Settings;
}

function open(): Promise<ConfigReloader<ReloadableGateway>> {
  const note =
    (level: string) =>
    (fields: object): void =>
      void logged.push({ level, fields });
  const log: Log = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') };
  return openConfigReloader<ReloadableGateway>(settings('first'), {
    load: () => (typeof file === 'string' ? Promise.resolve(settings(file)) : Promise.reject(file)),
    async build(read, keep) {
      built.push(read.source);
      await keep(
        'pool',
        read.source,
        () => read.source,
        (pool) => void closed.push(pool),
      );
      await gateOpens;
      if (read.source.startsWith('unusable')) throw new Error('the database is away');
      return {
        settings: read,
        activate() {
          if (failing === 'takeOver') throw new Error('a part cannot follow');
          taken.push(read.source);
        },
      };
    },
    log,
    onReload(isInForce) {
      results.push(isInForce);
      if (failing === 'onReload') throw new Error('a certificate cannot be shown');
    },
  });
}

const inForce = ({ current }: ConfigReloader<ReloadableGateway>): string => current().settings.source;

describe('a reload', () => {
  it('puts the file as it is now in force, and tells it', async () => {
    const generations = await open();
    expect([inForce(generations), taken, results]).toEqual(['first', ['first'], []]);
    file = 'second';
    expect(await generations.reload()).toBe(true);
    expect([inForce(generations), taken, results]).toEqual(['second', ['first', 'second'], [true]]);
  });

  it('of a file with problems leaves the one before, and logs each with its line and column', async () => {
    const generations = await open();
    file = new ConfigError([
      new Problem('gateway.yaml', 14, 7, 'unknown key "scope_key"'),
      new Problem('gateway.yaml', 20, 3, 'missing key "match"'),
    ]);
    expect(await generations.reload()).toBe(false);
    expect([inForce(generations), taken, results]).toEqual(['first', ['first'], [false]]);
    expect(logged).toEqual([
      {
        level: 'error',
        fields: {
          problems: ['gateway.yaml:14:7: unknown key "scope_key"', 'gateway.yaml:20:3: missing key "match"'],
        },
      },
    ]);
    file = new ConfigUnreadable('gateway.yaml', 'there is no such file');
    expect(await generations.reload()).toBe(false);
    expect(logged[1]?.fields).toEqual({
      problems: ['cannot read gateway.yaml: there is no such file'],
    });
  });

  it('of a file that names what cannot be opened closes what it had made, and leaves the one before', async () => {
    const generations = await open();
    file = 'unusable';
    expect(await generations.reload()).toBe(false);
    expect([inForce(generations), closed, results]).toEqual(['first', ['unusable'], [false]]);
    file = 'third';
    expect(await generations.reload()).toBe(true);
    expect(inForce(generations)).toBe('third');
  });

  it('waits for the one under way, and all who ask meanwhile share one more', async () => {
    const generations = await open();
    let opens = (): void => undefined;
    gateOpens = new Promise((resolve) => (opens = resolve));
    file = 'second';
    const first = generations.reload();
    while (built.length < 2) await Promise.resolve();
    file = 'third';
    const more = [generations.reload(), generations.reload(), generations.reload()];
    opens();
    expect(await Promise.all([first, ...more])).toEqual([true, true, true, true]);
    expect(built).toEqual(['first', 'second', 'third']);
    expect(inForce(generations)).toBe('third');
  });
});

describe('an error after the new file is in force', () => {
  it.each(['takeOver', 'onReload'] as const)(
    'in %s is logged; the reload counts, and the next one works',
    async (step) => {
      const generations = await open();
      [file, failing] = ['second', step];
      expect(await generations.reload()).toBe(true);
      expect([inForce(generations), results, closed]).toEqual(['second', [true], []]);
      expect(logged.map(({ level }) => level).toSorted()).toEqual(['error', 'info']);
      [file, failing] = ['third', undefined];
      expect(await generations.reload()).toBe(true);
      expect([inForce(generations), results]).toEqual(['third', [true, true]]);
      await generations.close();
    },
  );

  it('after a file that cannot be used does not stop later reloads either', async () => {
    const generations = await open();
    [file, failing] = [new Error('nonsense'), 'onReload'];
    expect(await generations.reload()).toBe(false);
    [file, failing] = ['second', undefined];
    expect(await generations.reload()).toBe(true);
    expect(inForce(generations)).toBe('second');
  });
});

describe('a drain', () => {
  it('is not disturbed by a reload that comes after it', async () => {
    const generations = await open();
    generations.disable();
    file = 'second';
    expect(await generations.reload()).toBe(false);
    expect([inForce(generations), results, logged]).toEqual(['first', [], []]);
  });

  it('gives up a reload that is under way, and closes what that had made', async () => {
    const generations = await open();
    let opens = (): void => undefined;
    gateOpens = new Promise((resolve) => (opens = resolve));
    file = 'second';
    const reloading = generations.reload();
    while (built.length < 2) await Promise.resolve();
    generations.disable();
    opens();
    expect(await reloading).toBe(false);
    expect([inForce(generations), closed]).toEqual(['first', ['second']]);
    await generations.close();
    expect(closed).toEqual(['second', 'first']);
  });
});
