/** Parses `match` and `rewrite`: methods, and paths whose placeholders are whole segments. */
import { METHODS } from 'node:http';
import type { RewriteSegment, Segment } from '../../model/route.js';
import { ParseError } from '../problem.js';
import { closest } from '../suggest.js';
import { translatePath } from './foreign-path.js';
import { readLiteral, type Literal } from './literal.js';

const FORM = 'must be methods and a path, such as "GET /a/{id}", "GET,POST /a" or "* /files/{path*}"';

/** A parsed `match`. */
export interface MatchRule {
  /** As in the file. */
  readonly text: string;
  readonly methods: ReadonlySet<string> | 'any';
  readonly path: readonly Segment[];
  readonly hasEncodedSlash: boolean;
  readonly hasSemicolon: boolean;
}

/** A parsed `rewrite`. */
export interface RewriteRule {
  /** As in the file. */
  readonly text: string;
  readonly path: readonly RewriteSegment[];
  readonly hasEncodedSlash: boolean;
  readonly hasSemicolon: boolean;
}

/** Parses methods and a path, such as `GET /a/{id}`. */
export function parseMatch(text: string): MatchRule | ParseError {
  const [, methodsText, pathText] = /^([^/]*\S)\s+(\/\S*)$/.exec(text.trim()) ?? [];
  if (methodsText === undefined || pathText === undefined) return new ParseError(FORM + suggestionFor(text));
  const methods = parseMethods(methodsText);
  if (methods instanceof ParseError) return methods;
  const segments = parsePath(pathText, `${methodsText} `);
  if (segments instanceof ParseError) return segments;
  const names = new Set<string>();
  for (const segment of segments) {
    if (!('name' in segment)) continue;
    if (names.has(segment.name)) return new ParseError(`the placeholder {${segment.name}} appears twice`);
    names.add(segment.name);
  }
  const rest = segments.findIndex((segment) => 'kind' in segment && isRest(segment.kind));
  if (rest !== -1 && rest !== segments.length - 1) {
    return new ParseError('a placeholder with "*" takes the rest of the path and must be its last segment');
  }
  const path = segments.map((segment): Segment =>
    'kind' in segment ? segment : { kind: 'literal', text: segment.text },
  );
  return { text, methods, path, ...pathFlags(segments) };
}

/** Parses a path such as `/v1/{path}`. References such as `$1` are left to `checkRoutes`, which knows the match. */
export function parseRewrite(text: string): RewriteRule | ParseError {
  if (!/^\/\S*$/.test(text)) return new ParseError('must be a path such as /v1/{path}');
  const segments = parsePath(text.replace(GROUP, 'x'), '');
  if (segments instanceof ParseError) return segments;
  const path: RewriteSegment[] = [];
  for (const segment of segments) {
    if (!('kind' in segment)) path.push({ kind: 'literal', text: segment.sent });
    else if (segment.kind === 'parameter') path.push({ kind: 'placeholder', name: segment.name });
    else return new ParseError(`must name a placeholder without its "*": {${segment.name}}`);
  }
  return { text, path, ...pathFlags(segments) };
}

/** References to parts of the path in other programs: `$1`, `\1`, and nginx's variables for all of it. */
const GROUP = /\$\d|\\\d|\$(?:request_)?uri\b|\$(?:is_)?args\b/g;

/**
 * Finds references to groups of a regular expression in a rewrite.
 * @returns the first reference and the corrected rewrite; undefined if there is none
 * @param names the placeholders of the route's match
 */
export function foreignGroups(
  { text }: RewriteRule,
  names: readonly string[],
): { readonly group: string; readonly right: string } | undefined {
  const [group] = text.match(GROUP) ?? [];
  if (group === undefined) return undefined;
  const right = text.replace(GROUP, (each, offset: number) => {
    const number = Number(/\d/.exec(each)?.[0] ?? names.length);
    return `${text[offset - 1] === '/' ? '' : '/'}{${names[number - 1] ?? names.at(-1) ?? 'rest'}}`;
  });
  return { group, right };
}

/** Parses a method that the gateway forwards. */
export function parseMethod(text: string): string | ParseError {
  if (text === 'TRACE' || text === 'CONNECT')
    return new ParseError(`${text} always gets 405; no route can have it`);
  if (METHODS.includes(text)) return text;
  if (/^(any|all)$/i.test(text)) return new ParseError(`unknown method "${text}"; any method is "*"`);
  const suggestion = METHODS.includes(text.toUpperCase()) ? text.toUpperCase() : closest(text, METHODS);
  return new ParseError(`unknown method "${text}"${suggestion ? `; did you mean "${suggestion}"?` : ''}`);
}

function parseMethods(text: string): ReadonlySet<string> | 'any' | ParseError {
  if (text === '*') return 'any';
  const listed = text
    .replace(/[[\]()]/g, '')
    .split(/[\s,|]+/)
    .join(',');
  if (/[[\]()|]|[^,\s]\s+[^,\s]/.test(text)) return new ParseError(`several methods are written ${listed}`);
  const methods = new Set<string>();
  for (const rawMethod of text.split(',')) {
    const method = rawMethod.trim();
    if (method === '*') return new ParseError('"*" is any method and must be the only one');
    const parsed = parseMethod(method);
    if (parsed instanceof ParseError) return parsed;
    if (methods.has(parsed)) return new ParseError(`the method ${parsed} appears twice`);
    methods.add(parsed);
  }
  return methods;
}

/** Suggests the correct form of a text that is not methods and a path. */
function suggestionFor(text: string): string {
  const [, methods = '', path = ''] =
    /^([A-Za-z,*|]*[A-Za-z*](?=[\s:,/]))?[\s:,~^]*(?:https?:\/\/[^\s/]+)?\^?\/?(\S*)$/.exec(text.trim()) ??
    [];
  if (methods === '' && (path === '' || METHODS.includes(path.toUpperCase()))) return '';
  const right = `${methods || 'GET'} ${translatePath(`/${path}`)?.path ?? `/${path}`}`;
  return parseMatch(right) instanceof ParseError
    ? ''
    : `; write "${right}"${methods ? '' : ', or "*" for any method'}`;
}

type Parsed = Literal | Exclude<Segment, { kind: 'literal' }>;

/** A trailing slash, or the root, makes an empty last segment. An empty segment elsewhere is `//`. */
function parsePath(text: string, methods: string): readonly Parsed[] | ParseError {
  const foreign = translatePath(text);
  if (foreign) {
    const { path, segment, literal } = foreign;
    const literalHint = literal === undefined ? '' : `, or ${literal} for these very characters`;
    const each = segment.includes('|') ? 'a route for each, such as ' : '';
    // A rewrite names the rest of the path without the star.
    const right = methods === '' ? path.replace('*}', '}') : `${methods}${path}`;
    return new ParseError(`"${segment}" is no placeholder; write ${each}"${right}"${literalHint}`);
  }
  const rawSegments = text.split('/').slice(1);
  const segments: Parsed[] = [];
  for (const [index, segment] of rawSegments.entries()) {
    if (segment === '' && index < rawSegments.length - 1)
      return new ParseError('the path has "//", which the gateway refuses');
    const parsed = parseSegment(segment);
    if (parsed instanceof ParseError) return parsed;
    segments.push(parsed);
  }
  return segments;
}

function parseSegment(segment: string): Parsed | ParseError {
  const [, name, stars = ''] = /^\{([A-Za-z_][A-Za-z0-9_]*)(\*{0,2})\}$/.exec(segment) ?? [];
  if (name !== undefined) return { kind: PLACEHOLDERS[stars] ?? 'parameter', name };
  return readLiteral(segment);
}

/** The kinds of placeholders by the stars after their names. */
const PLACEHOLDERS: Readonly<Record<string, Exclude<Segment['kind'], 'literal'>>> = {
  '': 'parameter',
  '*': 'rest',
  '**': 'optional-rest',
};

function isRest(kind: Segment['kind']): boolean {
  return kind === 'rest' || kind === 'optional-rest';
}

function pathFlags(segments: readonly Parsed[]) {
  return {
    hasEncodedSlash: segments.some((segment) => 'sent' in segment && segment.hasEncodedSlash),
    hasSemicolon: segments.some((segment) => 'sent' in segment && segment.hasSemicolon),
  };
}
