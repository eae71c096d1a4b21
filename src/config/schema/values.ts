/** Schemas and parsers of the small values in a configuration: durations, sizes, names, counts. */
import { z } from 'zod';
import { durationMs, formatDuration } from '../../model/duration.js';
import { ParseError } from '../problem.js';

/** The schema of a text with its own grammar: `parse` returns the value, or the error. */
export function phrase<T>(parse: (text: string) => T | ParseError, mustBe: string) {
  return z.string({ error: given(`must be ${mustBe}`) }).transform((text, context): T => {
    const parsed = parse(text);
    if (!(parsed instanceof ParseError)) return parsed;
    context.issues.push({ code: 'custom', message: parsed.text, input: text });
    return z.NEVER;
  });
}

/** The error text for a value of the wrong type. A missing key gets the default text instead. */
export function given(text: string): (issue: { input?: unknown }) => string | undefined {
  return (issue) => (issue.input === undefined ? undefined : text);
}

export const SECOND_MS = 1000;
export const DAY_MS = 86_400_000;
/** setTimeout counts milliseconds in 31 bits; a longer timer would fire at once. */
const MAX_TIMER_MS = 24 * DAY_MS;

/** Parses a duration such as `30s` into milliseconds. */
export function parseDuration(text: string): number | ParseError {
  return durationMs(text) ?? new ParseError('must be a duration such as 500ms, 30s, 2m, 1h or 1d');
}

/** Names the form of a text, where its type alone says too little: for the page of all keys. */
export const textForms = z.registry<{ readonly form: 'duration' | 'size' }>();

/** The schema of a duration within bounds, in milliseconds; by default above zero and at most what a timer can wait. */
export function duration({ leastMs = 1, mostMs = MAX_TIMER_MS } = {}) {
  return phrase((text) => {
    const ms = parseDuration(text);
    if (ms instanceof ParseError) return ms;
    if (ms < leastMs) return new ParseError(`must be at least ${formatDuration(leastMs)}`);
    if (ms > mostMs) return new ParseError(`must be at most ${formatDuration(mostMs)}`);
    return ms;
  }, 'a duration such as 500ms, 30s, 2m, 1h or 1d').register(textForms, { form: 'duration' });
}

const UNITS_BYTES: Readonly<Record<string, number>> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Parses a size such as `10mb` into bytes. */
export function parseSize(text: string): number | ParseError {
  const [, count, unit] = /^(\d{1,6})(b|kb|mb|gb)$/.exec(text) ?? [];
  const unitBytes = UNITS_BYTES[unit ?? ''];
  return unitBytes === undefined
    ? new ParseError('must be a size such as 512kb or 10mb')
    : Number(count) * unitBytes;
}

/** The schema of a size, in bytes. */
export const size = () =>
  phrase(parseSize, 'a size such as 512kb or 10mb').register(textForms, { form: 'size' });

/** The schema of a whole number within bounds. */
export function count(least: number, most: number) {
  const text = `must be a whole number from ${least} to ${most}`;
  return z
    .int({ error: given(text) })
    .min(least, text)
    .max(most, text);
}

/** The schema of a boolean. */
export const flag = () => z.boolean({ error: given('must be true or false') });

/** The schema of a text that is not empty. */
export const words = (mustBe: string) =>
  phrase((text) => (text.trim() === '' ? new ParseError('must not be empty') : text), mustBe);

/** The schema of a list with at least one entry. */
export function list<T extends z.ZodType>(entry: T, mustBe: string) {
  return z.array(entry, { error: given(`must be ${mustBe}`) }).min(1, 'must not be an empty list');
}

/** The schema of a name of an issuer or an upstream, which is used in keys, logs and metrics. */
export const name = () =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, {
    error: 'must be a name of letters, digits, "-", "_" and ".", beginning with a letter or digit',
  });

/** The name of a header field (RFC 9110 5.6.2). */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The schema of `on_failure`: what happens to requests that cannot be counted. */
export const failurePolicy = () =>
  z.enum(['local', 'open', 'closed'], { error: given('must be local, open or closed') });

/**
 * The schema of one name where a list is allowed too. Several names in one text, `a,b` or `a b`, are an error that shows
 * the list. The entries of a list are not split, so that a name can contain a comma.
 */
export function single<T>(
  parse: (text: string) => T | ParseError,
  {
    mustBe,
    separator = /[,\s]/,
    remedy = (form) => `write a list: ${form}`,
  }: { mustBe: string; separator?: RegExp; remedy?: (form: string) => string },
) {
  return phrase((text) => {
    const trimmed = text.trim();
    if (!separator.test(trimmed)) return parse(text);
    const names = trimmed
      .split(separator)
      .map((each) => each.trim())
      .filter((each) => each !== '');
    return new ParseError(`"${text}" is not ${mustBe}; ${remedy(`[${names.join(', ')}]`)}`);
  }, mustBe);
}
