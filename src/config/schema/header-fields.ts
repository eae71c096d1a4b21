/** The schema of header fields of the gateway's own requests, which may hold a credential. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { parseFieldName } from './field-name.js';
import { phrase } from './values.js';

const fieldName = z.string().superRefine((text, context) => {
  const name = parseFieldName(text);
  if (name instanceof ParseError) context.addIssue({ code: 'custom', message: name.text });
});

/** Errors do not repeat the value, which may be a credential. */
const fieldValue = phrase((text) => {
  const value = text.trim();
  if (value === '') return new ParseError('must not be empty');
  return /^[\x20-\x7e\t]*$/.test(value) ? value : new ParseError('must be visible ASCII');
}, 'a text');

/** Fields by name. Two names that differ by case alone are an error. */
export const headerFields = z.record(fieldName, fieldValue).superRefine((record, context) => {
  const seen = new Set<string>();
  for (const key of Object.keys(record)) {
    if (seen.has(key.toLowerCase())) {
      const message = `"${key}" is set twice; names do not differ by case`;
      context.addIssue({ code: 'custom', path: [key], message });
    }
    seen.add(key.toLowerCase());
  }
});
