/** The readable form of a line, and that nothing in a line reaches the terminal as a control character. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createPrettyFormat } from '../../src/telemetry/pretty.js';

const TIME = '2026-11-29T10:00:00.123Z';
const local = new Date(TIME);
const CLOCK = `${[local.getHours(), local.getMinutes(), local.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':')}.123`;

const plain = createPrettyFormat(false);
const colored = createPrettyFormat(true);

const format = (fields: object, to = plain): string =>
  to(`${JSON.stringify({ level: 'info', time: TIME, ...fields })}\n`);

describe('a readable line', () => {
  it('of a request begins with what a person looks for', () => {
    const line = {
      request_id: 'r-1',
      client_ip: '::1',
      method: 'GET',
      route: 'GET /orders/{id}',
      issuer: 'main',
      app: 'web',
      status: 429,
      reason: 'rate_limited',
      detail: '10 per 2m',
      duration_ms: 1.25,
      msg: 'request',
    };
    expect(format(line)).toBe(
      `${CLOCK} 429   GET /orders/{id} in 1.25 ms rate_limited (10 per 2m) request_id=r-1 client_ip=::1 issuer=main app=web\n`,
    );
    expect(format({ ...line, path: '/orders/7 8' })).toContain(
      ` GET "/orders/7 8" in 1.25 ms rate_limited (10 per 2m) route="GET /orders/{id}" request_id=r-1 `,
    );
    expect(format({ ...line, route: 'none' })).toContain(' GET, no route, in 1.25 ms ');
  });

  it('of anything else has level, message and fields; problems and stacks are below it', () => {
    expect(format({ level: 'warn', worker: 2, issuer: 'a b', keys: 3, msg: 'issuer keys' })).toBe(
      `${CLOCK} WARN  issuer keys worker=2 issuer="a b" keys=3\n`,
    );
    const address = { address: '::1', family: 'IPv6', port: 80 };
    expect(format({ address, msg: 'gateway started' })).toBe(
      `${CLOCK} INFO  gateway started address=[::1]:80\n`,
    );
    expect(format({ level: 'error', problems: ['a.yaml:1: x', 'a.yaml:2: y'], msg: 'reload failed' })).toBe(
      `${CLOCK} ERROR reload failed\n    a.yaml:1: x\n    a.yaml:2: y\n`,
    );
    const err = { type: 'Error', message: 'boom', code: 'E', stack: 'Error: boom\n    at x' };
    expect(format({ level: 'error', err, msg: 'a bug' })).toBe(
      `${CLOCK} ERROR a bug code=E\n    Error: boom\n        at x\n`,
    );
  });

  it('has colours only where they are asked for, and the same text', () => {
    const fields = { status: 200, method: 'GET', route: 'GET /a', duration_ms: 1, msg: 'request' };
    expect(format(fields, colored)).toContain('\u001B[32m200');
    expect(stripVTControlCharacters(format(fields, colored))).toBe(format(fields));
  });

  it('is kept as it is where it is not JSON', () => {
    expect(plain('no JSON\n')).toBe('no JSON\n');
    expect(plain('null\n')).toBe('null\n');
  });
});

/** Colours and titles of a terminal, its 8-bit controls, other line ends, reordering and invisible characters. */
const HOSTILE = [
  '\u001B[31m',
  '\u001B]0;title\u0007',
  '\u009B2J',
  '\r\n',
  '\u2028',
  '\u202E',
  '\u200B',
  '\uD800',
  '\0',
  '\u007F',
];

it.each(['request', 'audit', 'wrong credentials'])(
  'no value and no name of a line with the message %s reaches the terminal as a control character',
  (msg) => {
    for (const text of HOSTILE) {
      const value = `a${text}b`;
      const fields = {
        ...Object.fromEntries(
          ['request_id', 'method', 'route', 'path', 'reason', 'detail', 'app', 'status', value].map(
            (name) => [name, value],
          ),
        ),
        problems: [value],
        nested: { [value]: [value] },
        err: { code: value, message: value, stack: value },
        level: value,
        time: value,
        msg,
      };
      for (const sent of [fields, { ...fields, msg: value }]) {
        const line = plain(`${JSON.stringify(sent)}\n`);
        // Only the line ends that the format itself writes, before an indented block.
        expect(line.replace(/\n {4}/g, ' ').slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(stripVTControlCharacters(plain(`${JSON.stringify(sent)}\n`))).toBe(line);
      }
    }
  },
);

it('a value cannot look like another field', () => {
  expect(format({ app: 'a status=200 msg="x"', msg: 'audit' })).toBe(
    `${CLOCK} INFO  audit app="a status=200 msg=\\"x\\""\n`,
  );
});
