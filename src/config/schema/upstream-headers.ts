/** The schema of the header fields that are set on requests to an upstream, or removed from them. */
import { z } from 'zod';
import { plainName } from '../../model/identity-fields.js';
import { ParseError } from '../problem.js';
import { parseClaim } from './claim.js';
import { identifiesCaller, parseFieldName } from './field-name.js';
import { phrase } from './values.js';

const VALUE_FORM = 'a text, or a claim of the token in quotes: "{claims.email}"';
const CLAIM = /^\{claims\.([^{}]+)\}$/;
/** Something like a claim that would be sent literally. */
const RESEMBLES_CLAIM = /\{claims?\b|^\{[\w.-]+\}$/i;

/**
 * Fields that clients send to any service. The field of a claim is removed from the requests of all clients, so none of
 * these can be one.
 */
const OF_CLIENTS =
  /^(accept|access-control|content|if|sec)(-.*)?$|^(authorization|cache-control|cookie|date|dnt|forwarded|from|last-event-id|link|max-forwards|origin|pragma|priority|range|referer|traceparent|tracestate|upgrade-insecure-requests|user-agent|via|x-request-id|x-requested-with|x-real-ip|x-forwarded-(for|host|port|prefix|proto))$/;

/** A claim of the caller's token in place of a value. */
export class ClaimReference {
  constructor(readonly claim: string) {}
}

const settableName = z.string().superRefine((text, context) => {
  const name = identifiesCaller(text)
    ? new ParseError('tells upstreams who calls and cannot be set here')
    : parseFieldName(text);
  if (name instanceof ParseError) context.addIssue({ code: 'custom', message: name.text });
});

const removableName = phrase((text) => {
  const name = parseFieldName(text);
  return name instanceof ParseError ? new ParseError(`"${text}" ${name.text}`) : name;
}, 'the name of a header field');

const fieldValue = phrase((text): string | ClaimReference | ParseError => {
  const trimmed = text.trim();
  const name = CLAIM.exec(trimmed)?.[1];
  if (name !== undefined) {
    const claim = parseClaim(name);
    return claim instanceof ParseError ? claim : new ClaimReference(claim);
  }
  if (RESEMBLES_CLAIM.test(trimmed))
    return new ParseError('must be a text, or one claim alone, such as "{claims.email}"');
  return /^[\x20-\x7e\t]*$/.test(text) ? trimmed : new ParseError('must be visible ASCII');
}, VALUE_FORM);

const fields = z.record(settableName, fieldValue).superRefine((record, context) => {
  const seen = new Map<string, string>();
  const report = (key: string, message: string) => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  for (const [key, value] of Object.entries(record)) {
    const plain = plainName(key.toLowerCase());
    const other = seen.get(plain);
    if (other?.toLowerCase() === key.toLowerCase())
      report(key, `"${key}" is set twice; names do not differ by case`);
    else if (other !== undefined)
      report(key, `"${key}" is set twice: many servers take it for the same name as "${other}"`);
    seen.set(plain, key);
    if (!(value instanceof ClaimReference)) continue;
    if (OF_CLIENTS.test(plain) || identifiesCaller(plain))
      report(key, `"${key}" has a meaning of its own; a claim needs another name, such as X-User-Email`);
  }
});

/** Changes to the header of requests to an upstream. */
export const upstreamHeaders = z.strictObject({
  set: fields
    .default({})
    .describe(
      'Fields to set on requests to it: a text, or a claim of the token. {X-Env: prod, X-User-Email: "{claims.email}"}. A name stands once, whatever its case and whether it has - or _.',
    ),
  remove: z.array(removableName).default([]).describe('Fields to remove from requests to it: [X-Internal].'),
});
