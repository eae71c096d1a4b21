/** The schema of `tracing`: the collector, and the share of requests that it gets a span of. */
import { z } from 'zod';
import { ParseError } from '../problem.js';
import { headerFields } from './header-fields.js';
import { parseDocumentUrl } from './url.js';
import { phrase } from './values.js';

/** The path for spans below an OTLP endpoint (OpenTelemetry Protocol, OTLP/HTTP). */
const TRACES = 'v1/traces';
const MAX_NAME = 128;
/** With a `%`, since 10 could be read as 10 % and as everything. */
const PERCENTAGE = /^(\d{1,3}(?:\.\d{1,6})?)\s?%$/;

/** The URL that spans are sent to: below the endpoint, or the one in the file where it has that path already. */
function parseEndpoint(text: string): string | ParseError {
  const parsed = parseDocumentUrl(text);
  if (parsed instanceof ParseError) return parsed;
  const url = new URL(parsed);
  if (url.search !== '') return new ParseError('must be a URL without a query');
  if (!url.pathname.endsWith(`/${TRACES}`)) url.pathname = url.pathname.replace(/\/?$/, `/${TRACES}`);
  return url.href;
}

function parseShare(text: string): number | ParseError {
  const percent = Number(PERCENTAGE.exec(text)?.[1] ?? NaN);
  return percent <= 100 ? percent / 100 : new ParseError('must be a share such as 10%, from 0% to 100%');
}

function parseService(text: string): string | ParseError {
  if (text.trim() === '') return new ParseError('must not be empty');
  return text.length <= MAX_NAME && !/\p{C}/u.test(text)
    ? text
    : new ParseError(`must be at most ${MAX_NAME} characters, in one line`);
}

export const tracing = z.strictObject({
  otlp: phrase(parseEndpoint, 'a URL').describe(
    `The collector: http://127.0.0.1:4318, an OTLP/HTTP endpoint. Spans are sent as JSON to /${TRACES} below it.`,
  ),
  sample: phrase(parseShare, 'a share such as 10%')
    .prefault('100%')
    .describe(
      'The share of requests whose span is sent. Within a trace that a proxy of trust_proxy has begun, that ' +
        'proxy decides.',
    ),
  service: phrase(parseService, 'a name')
    .optional()
    .describe('service.name of its spans. Absent: that of OTEL_SERVICE_NAME, else tollgate.'),
  headers: headerFields
    .optional()
    .describe(
      'Header fields of the requests to the collector: {Authorization: "Bearer ${OTLP_TOKEN}"}. Never logged.',
    ),
});
