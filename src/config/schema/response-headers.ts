/** The schema of a route's changes to the header of responses. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { parseFieldName } from './field-name.js';
import { phrase } from './values.js';

/** Fields of responses that frame a message or belong to one connection, beside those of `field-name.ts`. */
const FRAMING = /^(?:proxy-(?:authenticate|authentication-info|authorization)|http2-settings)$/i;
/** Fields that the gateway sets on responses itself. Those of an upstream's own limits can be removed. */
const OWN = /^(?:x-request-id|x-ratelimit-.*|ratelimit|ratelimit-policy)$/i;
const CORS = /^access-control-/i;

function parseName(text: string): string | ParseError {
  const name = parseFieldName(text);
  const isOwn = FRAMING.test(text) || /^x-request-id$/i.test(text);
  if (name instanceof ParseError || !isOwn) return name;
  return new ParseError('is set by the gateway itself and cannot be changed here');
}

function parseSettableName(text: string): string | ParseError {
  const name = parseName(text);
  if (name instanceof ParseError) return name;
  if (OWN.test(text)) return new ParseError('is set by the gateway itself and cannot be changed here');
  return CORS.test(text) ? new ParseError('belongs to the key "cors" and cannot be set here') : name;
}

const settableName = z.string().superRefine((text, context) => {
  const name = parseSettableName(text);
  if (name instanceof ParseError) context.addIssue({ code: 'custom', message: name.text });
});

const removableName = phrase((text) => {
  const name = parseName(text);
  return name instanceof ParseError ? new ParseError(`"${text}" ${name.text}`) : name;
}, 'the name of a header field');

const fieldValue = phrase((text) => {
  if (/\{claims\./i.test(text)) {
    return new ParseError(
      'must be a fixed text; a claim can only be sent to an upstream, by its "headers.set"',
    );
  }
  return /^[\x20-\x7e\t]*$/.test(text) ? text.trim() : new ParseError('must be visible ASCII');
}, 'a text');

/** The changes to a response's header. */
export const responseHeaders = z.strictObject({
  set: z
    .record(settableName, fieldValue)
    .superRefine((record, context) => {
      const seen = new Set<string>();
      for (const key of Object.keys(record)) {
        const lower = key.toLowerCase();
        if (seen.has(lower)) {
          const message = `"${key}" is set twice; names do not differ by case`;
          context.addIssue({ code: 'custom', path: [key], message });
        }
        seen.add(lower);
      }
    })
    .default({})
    .describe(
      'Fields to set on responses of the upstream, each a fixed text: {Cache-Control: no-store}. Fields of the gateway cannot be changed.',
    ),
  remove: z
    .array(removableName)
    .default([])
    .describe('Fields to remove from responses of the upstream: [Server].'),
});
