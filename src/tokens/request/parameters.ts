/** Reads a request's parameters from the sources that the endpoint accepts. Each may be given once. */
import type { Call } from '../endpoints/endpoint.js';
import { invalidRequest, OAuthError } from '../oauth-error.js';
import { readBody } from './body.js';
import { parseForm, type Pairs } from './form.js';
import { parseJson } from './json.js';
import { parseMultipart } from './multipart.js';

export interface Parameters {
  /** A parameter's value; undefined if it is absent or empty, which is the same (RFC 6749 3.2). */
  one(name: string): string | undefined;
  /** All values of a parameter, without empty ones. */
  all(name: string): readonly string[];
}

export type BodyType = 'application/x-www-form-urlencoded' | 'application/json' | 'multipart/form-data';

export interface ParameterSources {
  readonly body: readonly BodyType[];
  /** Whether the query is read. Secrets do not belong there (RFC 6749 2.3.1). */
  readonly query?: boolean;
  /** The one name that may be given more than once. */
  readonly repeatable?: string;
}

const MAX_BYTES = 16 * 1024;
const MAX_MULTIPART_BYTES = 64 * 1024;

const UNSUPPORTED = invalidRequest('The body is of a type that this endpoint does not read', 415);
const MALFORMED_QUERY = invalidRequest('The query is malformed');
const MALFORMED_BODY = invalidRequest('The body is malformed');
const DUPLICATE = invalidRequest('A parameter is given more than once');

/** Reads the parameters. Never rejects: resolves to the error response if query or body is malformed or unsupported. */
export async function readParameters(
  call: Call,
  sources: ParameterSources,
): Promise<Parameters | OAuthError> {
  const fromQuery = sources.query === true ? parseForm(call.query) : [];
  if (fromQuery === undefined) return MALFORMED_QUERY;
  const fromBody = await readBodyPairs(call, sources.body);
  if (fromBody instanceof OAuthError) return fromBody;
  return collect([...fromQuery, ...fromBody], sources.repeatable);
}

async function readBodyPairs(call: Call, accepted: readonly BodyType[]): Promise<Pairs | OAuthError> {
  const { headers } = call.req;
  if (headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0) return [];
  const type = mediaTypeOf(headers['content-type']);
  if (!isAccepted(type, accepted) || headers['content-encoding'] !== undefined) return UNSUPPORTED;
  const body = await readBody(call, type === 'multipart/form-data' ? MAX_MULTIPART_BYTES : MAX_BYTES);
  if (body instanceof OAuthError) return body;
  return (await parse(type, headers['content-type'] ?? '', body)) ?? MALFORMED_BODY;
}

function mediaTypeOf(contentType = ''): string {
  const [type = ''] = contentType.split(';');
  return type.trim().toLowerCase();
}

function isAccepted(type: string, accepted: readonly BodyType[]): type is BodyType {
  return accepted.some((one) => one === type);
}

async function parse(type: BodyType, contentType: string, body: Buffer): Promise<Pairs | undefined> {
  if (type === 'multipart/form-data') return parseMultipart(contentType, body);
  const text = decodeText(body);
  if (text === undefined) return undefined;
  return type === 'application/json' ? parseJson(text) : parseForm(text);
}

function decodeText(body: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}

function collect(pairs: Pairs, repeatable: string | undefined): Parameters | OAuthError {
  const values = new Map<string, string[]>();
  for (const [name, value] of pairs) {
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else if (name === repeatable) known.push(value);
    else return DUPLICATE;
  }
  const all = (name: string): readonly string[] => values.get(name)?.filter((value) => value !== '') ?? [];
  return { one: (name) => all(name)[0], all };
}
