/** The schema of `console`: where the console is served, and the name that it shows. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { address } from './listen.js';
import { parseOwnPath } from './own-path.js';
import { given, phrase } from './values.js';

const MAX_NAME = 64;
/** Control characters, which a page cannot show. */
const UNPRINTABLE = /\p{C}/u;

function parseName(text: string): string | ParseError {
  if (text.trim() === '') return new ParseError('must not be empty');
  return text.length <= MAX_NAME && !UNPRINTABLE.test(text)
    ? text
    : new ParseError(`must be at most ${MAX_NAME} characters, in one line`);
}

const consoleKeys = z.strictObject({
  listen: address
    .optional()
    .describe('An address of its own: 127.0.0.1:8082, or {host, port, tls}. Absent: the address of admin.'),
  prefix: phrase(parseOwnPath, 'a path such as /console')
    .prefault('/console')
    .describe('The path below which the console is.'),
  name: phrase(parseName, 'the name of this gateway')
    .prefault('Tollgate')
    .describe('The name of this gateway, which the console shows.'),
});

/** The console's keys, or `false`. */
export const consoleSettings = z.union([z.literal(false), consoleKeys], {
  error: given('must be {listen, prefix, name}, or false'),
});
