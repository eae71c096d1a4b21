/** Reloads, one after the other: what is in force, what is logged, and how a drain affects them. */
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
/** The result of loading the file, or its problems. */
let file: string | Error;
/** Delays every build until it settles. */
let gateOpens: Promise<void>;
let closed: string[];
/** Fails once the new generation is in force. */
let failing: 'takeOver' | 'onReload' | undefined;

beforeEach(() => {
  [logged, results, taken, built, closed] = [[], [], [], [], []];
  file = 'first';
  failing = undefined;
  gateOpens = Promise.resolve();
});

/** The only setting that these tests need is a name. */
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
    now: () => 1000,
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
  it('activates the current file, and logs it', async () => {
    const generations = await open();
    expect([inForce(generations), taken, results]).toEqual(['first', ['first'], []]);
    file = 'second';
    expect(await generations.reload()).toBe(true);
    expect([inForce(generations), taken, results]).toEqual(['second', ['first', 'second'], [true]]);
  });

  it('of a file with problems keeps the last one, and logs each problem with its line and column', async () => {
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

  it('of a file whose resources cannot be opened closes what it had opened, and keeps the last file', async () => {
    const generations = await open();
    file = 'unusable';
    expect(await generations.reload()).toBe(false);
    expect([inForce(generations), closed, results]).toEqual(['first', ['unusable'], [false]]);
    file = 'third';
    expect(await generations.reload()).toBe(true);
    expect(inForce(generations)).toBe('third');
  });

  it('waits for the one in progress, and all callers meanwhile share one more', async () => {
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

  it('after an invalid file does not stop later reloads either', async () => {
    const generations = await open();
    [file, failing] = [new Error('nonsense'), 'onReload'];
    expect(await generations.reload()).toBe(false);
    [file, failing] = ['second', undefined];
    expect(await generations.reload()).toBe(true);
    expect(inForce(generations)).toBe('second');
  });
});

describe('a drain', () => {
  it('is not affected by a reload that comes after it', async () => {
    const generations = await open();
    generations.disable();
    file = 'second';
    expect(await generations.reload()).toBe(false);
    expect([inForce(generations), results, logged]).toEqual(['first', [], []]);
  });

  it('abandons a reload in progress, and closes what that had opened', async () => {
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
