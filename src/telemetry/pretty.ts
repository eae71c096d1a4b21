/**
 * Formats lines of the log for a terminal (`log.pretty`). It gets the same lines of JSON that a file would have.
 *
 *     10:00:00.123 INFO  gateway started address=127.0.0.1:8080 admin=127.0.0.1:8081 routes=7
 *     10:00:04.512 200   GET /orders/{id} in 3.2 ms request_id=… client_ip=127.0.0.1 issuer=main app=web
 */
import { styleText } from 'node:util';
import { printable, printableValue } from './printable.js';

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;
type Fields = Readonly<Record<string, unknown>>;

const LEVELS: Readonly<Record<string, Style>> = {
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
};
const LEVEL_WIDTH = 5;
const INDENT = '    ';

/**
 * Creates the function that formats one line of JSON, with its line end. Control characters in it are shown, never sent to
 * the terminal. A line that is not JSON is kept.
 *
 * @param colors whether the output has ANSI colours
 */
export function createPrettyFormat(colors: boolean): (line: string) => string {
  const paint: Paint = colors
    ? (style, text) => styleText(style, text, { validateStream: false })
    : (_style, text) => text;

  return (line) => {
    const fields = parse(line);
    if (!fields) return `${printable(line.trimEnd())}\n`;
    const { time, level, msg, ...others } = fields;
    const at = paint('gray', clockOf(time));
    if (msg === 'request') return `${at} ${requestText(others, paint)}\n`;
    const name = paint(LEVELS[String(level)] ?? 'white', textOf(level).toUpperCase().padEnd(LEVEL_WIDTH));
    return `${at} ${name} ${paint('bold', printable(String(msg)))}${withBlocks(others, paint)}\n`;
  };
}

/** A finished request: what a person looks for is first. */
function requestText(fields: Fields, paint: Paint): string {
  const { status, method, route, path, duration_ms: ms, reason, detail, ...others } = fields;
  const why = reason === undefined ? '' : ` ${paint('yellow', printableValue(reason))}`;
  const exactly = detail === undefined ? '' : ` (${textOf(detail)})`;
  const what =
    path === undefined ? placeOf(method, route) : `${printableValue(method)} ${printableValue(path)}`;
  const text = `${paint(styleOf(Number(status)), textOf(status).padEnd(LEVEL_WIDTH))} ${what} in ${textOf(ms)} ms${why}${exactly}`;
  const isUnnamed = path !== undefined && route !== 'none';
  return text + fieldsText(isUnnamed ? { route, ...others } : others, paint);
}

/** A route's `match` has the method; an endpoint of the token service does not. */
function placeOf(method: unknown, route: unknown): string {
  const text = textOf(route);
  if (text === 'none') return `${textOf(method)}, no route,`;
  return text.includes(' /') ? text : `${textOf(method)} ${text}`;
}

function styleOf(status: number): Style {
  if (status >= 500) return 'red';
  return status >= 400 ? 'yellow' : 'green';
}

/** Fields on the line; a list of problems and an error's stack below it. */
function withBlocks({ err, problems, ...others }: Fields, paint: Paint): string {
  const lines = Array.isArray(problems) ? problems.map(String) : [];
  const rest = problems === undefined || lines.length > 0 ? others : { ...others, problems };
  const { stack, code, message } = (err ?? {}) as Readonly<Record<string, unknown>>;
  if (stack !== undefined || message !== undefined) lines.push(...String(stack ?? message).split('\n'));
  const block = lines.map((line) => `\n${INDENT}${printable(line.trimEnd())}`).join('');
  return fieldsText(code === undefined ? rest : { ...rest, code }, paint) + block;
}

function fieldsText(fields: Fields, paint: Paint): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${paint('gray', `${printable(name)}=`)}${valueText(value)}`)
    .join('');
}

/** An address that the gateway listens on is shown as one. */
function valueText(value: unknown): string {
  const { address, port } = (value ?? {}) as { readonly address?: unknown; readonly port?: unknown };
  if (typeof address !== 'string' || typeof port !== 'number') return printableValue(value);
  return printable(`${address.includes(':') ? `[${address}]` : address}:${port}`);
}

/** A text without quotes; `?` where the line has none. */
function textOf(value: unknown): string {
  if (value === undefined) return '?';
  return typeof value === 'string' ? printable(value) : printableValue(value);
}

function parse(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** The local time of day. The day is left out: a terminal shows what happens now. */
function clockOf(time: unknown): string {
  const at = new Date(String(time));
  if (Number.isNaN(at.getTime())) return '--:--:--.---';
  const [hours, minutes, seconds] = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => pad(n, 2));
  return `${hours}:${minutes}:${seconds}.${pad(at.getMilliseconds(), 3)}`;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
