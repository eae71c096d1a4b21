/** Authenticate: reads the tokens in one place of a request, and removes them. Called by `token-places.ts`. */
import { plainName } from '../model/identity-fields.js';
import type { FlatHeaders } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import type { TokenSource } from '../model/token-source.js';

/** A place other than Authorization. */
export type OtherSource = Exclude<TokenSource, { kind: 'authorization' }>;

type ReadHead = Pick<RequestHead, 'rawHeaders' | 'target' | 'websocket'>;

const PROTOCOLS = 'sec-websocket-protocol';

/** Returns every text that stands where a token belongs; more than one where a field or a name occurs again. */
export function textsIn(source: OtherSource, { rawHeaders, target, websocket }: ReadHead): readonly string[] {
  switch (source.kind) {
    case 'header':
      return valuesOf(rawHeaders, source.name).filter(isNotEmpty);
    case 'cookie':
      return valuesOf(rawHeaders, 'cookie')
        .flatMap((field) => field.split(';'))
        .filter((pair) => cookieName(pair) === source.name)
        .map(cookieValue)
        .filter(isNotEmpty);
    case 'query':
      return websocket
        ? parametersOf(target)
            .filter((parameter) => parameterName(parameter) === source.name)
            .map((parameter) => decoded(parameter.slice(parameter.indexOf('=') + 1)))
            .filter(isNotEmpty)
        : [];
    case 'websocket_protocol':
      return websocket ? tokensOffered(protocolsOf(rawHeaders), source.name) : [];
  }
}

/** The places of a route by their kind, made once, so that tokens are removed without sorting places at each request. */
export interface TokenNames {
  /** Header fields, in lower case. */
  readonly headers: ReadonlySet<string>;
  /** The same in the spelling that `plainName` gives. */
  readonly plainHeaders: ReadonlySet<string>;
  readonly cookies: ReadonlySet<string>;
  readonly parameters: ReadonlySet<string>;
  readonly protocols: ReadonlySet<string>;
}

/** Groups the names of places by their kind. */
export function namesOf(sources: readonly OtherSource[]): TokenNames {
  const names = (kind: OtherSource['kind']) =>
    new Set(sources.filter((source) => source.kind === kind).map(({ name }) => name));
  const headers = names('header');
  return {
    headers,
    plainHeaders: new Set([...headers].map(plainName)),
    cookies: names('cookie'),
    parameters: names('query'),
    protocols: names('websocket_protocol'),
  };
}

/**
 * Returns the header without the tokens of these places.
 * @param forwards whether a token stays in its header field or cookie. Another spelling of the field, which some servers
 *   take for the field itself, is removed even then
 */
export function headersWithout(
  { headers, plainHeaders, cookies, protocols }: TokenNames,
  rawHeaders: FlatHeaders,
  forwards: boolean,
): FlatHeaders {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    const value = rawHeaders[at + 1]!;
    const lower = name.toLowerCase();
    if (plainHeaders.has(plainName(lower))) {
      if (forwards && headers.has(lower)) kept.push(name, value);
    } else if (lower === 'cookie' && cookies.size > 0 && !forwards) {
      const pairs = value.split(';').filter((pair) => !cookies.has(cookieName(pair)));
      if (pairs.some((pair) => pair.trim() !== '')) kept.push(name, pairs.join(';').trim());
    } else if (lower !== PROTOCOLS || protocols.size === 0) kept.push(name, value);
  }
  if (protocols.size > 0) {
    const offered = withoutTokens(protocolsOf(rawHeaders), protocols);
    if (offered.length > 0) kept.push('Sec-WebSocket-Protocol', offered.join(', '));
  }
  return kept;
}

/**
 * Returns a query without the parameters of these places; the others byte for byte.
 * @param query with its `?`, or empty
 */
export function queryWithout({ parameters }: TokenNames, query: string): string {
  if (parameters.size === 0) return query;
  const all = parametersOf(query);
  const kept = all.filter((parameter) => !parameters.has(parameterName(parameter)));
  if (kept.length === all.length) return query;
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function valuesOf(rawHeaders: FlatHeaders, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = rawHeaders[at]!;
    if (field.length === name.length && field.toLowerCase() === name) values.push(rawHeaders[at + 1]!);
  }
  return values;
}

function cookieName(pair: string): string {
  const equals = pair.indexOf('=');
  return equals === -1 ? '' : pair.slice(0, equals).trim();
}

/** The value may be quoted (RFC 6265 4.1.1). */
function cookieValue(pair: string): string {
  const value = pair.slice(pair.indexOf('=') + 1).trim();
  return /^"(.*)"$/.exec(value)?.[1] ?? value;
}

function parametersOf(target: string): readonly string[] {
  const mark = target.indexOf('?');
  return mark === -1 ? [] : target.slice(mark + 1).split('&');
}

/** Decoded, since servers decode names: `%61ccess_token` is `access_token` to them. */
function parameterName(parameter: string): string {
  const equals = parameter.indexOf('=');
  return equals === -1 ? '' : decoded(parameter.slice(0, equals));
}

function decoded(text: string): string {
  if (!/[%+]/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** RFC 6455 4.1: a list, over one field or several. */
function protocolsOf(rawHeaders: FlatHeaders): readonly string[] {
  return valuesOf(rawHeaders, PROTOCOLS)
    .flatMap((field) => field.split(','))
    .map((protocol) => protocol.trim())
    .filter(isNotEmpty);
}

function tokensOffered(offered: readonly string[], name: string): readonly string[] {
  return offered.filter((_, index) => index > 0 && offered[index - 1] === name);
}

function withoutTokens(offered: readonly string[], names: ReadonlySet<string>): readonly string[] {
  return offered.filter((_, index) => index === 0 || !names.has(offered[index - 1]!));
}

function isNotEmpty(text: string): boolean {
  return text !== '';
}
