/** How arguments are read, and what the table of commands promises to its help. */
import { describe, expect, it } from 'vitest';
import { JSON_OPTION, UsageError, type Command } from '../../src/cli/command.js';
import { COMMANDS } from '../../src/cli/commands.js';
import { helpOn } from '../../src/cli/help.js';
import { parse } from '../../src/cli/parse.js';

const LOOK: Command = {
  name: 'look',
  summary: 'looks',
  maxArgs: 2,
  options: [
    { name: 'token', value: 'TOKEN', summary: 'a token' },
    { name: 'case', value: 'TEXT', repeats: true, summary: 'a case' },
    { name: 'online', summary: 'asks' },
    JSON_OPTION,
  ],
  examples: ['look', 'look --online'],
  load: () => Promise.reject(new Error('not run')),
};
const WAIT: Command = { ...LOOK, name: 'wait', maxArgs: 0, options: [] };

const read = (...args: string[]) => parse(args, [LOOK, WAIT]);
const error = (...args: string[]) => {
  try {
    read(...args);
  } catch (thrown) {
    if (thrown instanceof UsageError) return thrown.message;
    throw thrown;
  }
  throw new Error(`${args.join(' ')} is accepted`);
};

describe('parse', () => {
  it('finds the command wherever its options stand', () => {
    for (const args of [
      ['look', 'GET', '/x', '--token', 'abc', '--json', '-c', 'my.yaml'],
      ['-c', 'my.yaml', '--token', 'abc', '--json', 'look', 'GET', '/x'],
      ['--config=my.yaml', 'look', '--token=abc', 'GET', '--json', '/x'],
      ['look', '-cmy.yaml', '--json', '--token', 'abc', '--', 'GET', '/x'],
    ]) {
      const { command, input } = read(...args);
      expect(command?.name).toBe('look');
      expect(input).toMatchObject({ file: 'my.yaml', isDefaultFile: false, json: true, args: ['GET', '/x'] });
      expect(input.options['token']).toBe('abc');
    }
  });

  it('gives repeated options as lists, flags as a set, and the default file', () => {
    const { input } = read('look', '--case', 'a', '--case=b', '--online');
    expect(input.lists).toEqual({ case: ['a', 'b'] });
    expect([...input.flags]).toEqual(['online']);
    expect([input.file, input.isDefaultFile, input.json]).toEqual(['config/gateway.yaml', true, false]);
  });

  it('takes "-", a value after "=", and an empty value as values', () => {
    expect(read('look', '--token', '-').input.options).toEqual({ token: '-' });
    expect(read('look', '--token=--json').input.options).toEqual({ token: '--json' });
    expect(read('look', '--token=a=b').input.options).toEqual({ token: 'a=b' });
    expect(read('look', '--token', '').input.options).toEqual({ token: '' });
    expect(read('look', '-').input.args).toEqual(['-']);
  });

  it('takes what follows "--" as arguments', () => {
    expect(read('look', '--', '--online', '-c').input).toMatchObject({ args: ['--online', '-c'] });
  });

  it('names an unknown option with its command, and what may have been meant', () => {
    expect(error('look', '--tokne', 'x')).toBe(
      'look does not take --tokne; did you mean "--token"? See tollgate help look',
    );
    expect(error('look', '-x')).toBe('look does not take -x; see tollgate help look');
    expect(error('--frobnicate')).toBe('tollgate does not take --frobnicate; see tollgate --help');
  });

  it('does not give a command the options of another', () => {
    expect(error('wait', '--json')).toBe('wait does not take --json; see tollgate help wait');
    expect(error('--token', 'look', 'wait')).toBe('wait does not take --token; see tollgate help wait');
  });

  it('reports a missing and a surplus value', () => {
    expect(error('look', '--token')).toBe('--token needs a value: --token TOKEN');
    expect(error('look', '--token', '--json')).toBe(
      '--token needs a value: --token TOKEN; a value that begins with "-" is written --token=--json',
    );
    expect(error('look', '-c')).toBe('-c needs a value: -c FILE');
    expect(error('look', '--json=yes')).toBe('--json takes no value');
  });

  it('reports an argument too many, unless help is asked for', () => {
    expect(error('wait', 'here')).toBe('wait does not take "here"; a configuration is named with -c FILE');
    expect(read('wait', 'here', '--help').help).toBe(true);
    expect(read('help', 'look')).toMatchObject({ help: true, command: { name: 'look' } });
  });
});

describe('the table of commands', () => {
  const options = COMMANDS.flatMap(({ options: own = [] }) => own);

  it('has each option with a value in all commands or in none', () => {
    for (const { name, value } of options) {
      const others = options.filter((each) => each.name === name);
      expect(others.map((each) => each.value !== undefined)).toEqual(others.map(() => value !== undefined));
    }
  });

  it.each(COMMANDS.map((command) => [command.name, command] as const))(
    '%s has examples that its own options accept, and a help of at most 120 columns',
    (name, command) => {
      expect(command.examples.length).toBeGreaterThanOrEqual(2);
      for (const example of command.examples) {
        const words = example.replace(/ [<>|].*$/, '').match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
        const { input, command: found } = parse(
          words.map((word) => word.replace(/^(['"])(.*)\1$/, '$2')),
          COMMANDS,
        );
        expect(found?.name).toBe(name);
        const actions = command.actions?.map((action) => action.name);
        if (actions) expect(actions).toContain(input.args[0]);
        expect(helpOn(command)).toContain(`\n  tollgate ${example}`);
      }
      const known = new Set(command.options?.map((option) => option.name));
      for (const used of command.actions?.flatMap(({ options: own = [] }) => own) ?? [])
        expect(known).toContain(used);
      for (const line of helpOn(command).split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    },
  );
});
