/**
 * Translates paths in the syntax of other programs (Express, Flask, ASP.NET, Next.js, nginx …) into this file's syntax.
 *
 * Read literally, such a path is valid but matches no request. So each is an error that shows the correct form. The
 * characters themselves can be written percent-encoded.
 */

/** A segment of another syntax. A `:` within a segment (`books:batch`) and a `$` before letters are literals. */
const FOREIGN = /^:\w|[*<>()[\]|^{}"]|%7b[^/]*%7d|\$\d|\$$|^\\[dws]|^\.{3,}$/i;
/** Converters of Flask and Django, which precede the name: `<int:id>`. */
const CONVERTERS = /^(?:int|str|string|float|uuid|path|slug|any|re)$/;
const PLACEHOLDER = /^\{[A-Za-z_]\w*\*{0,2}\}$/;

type Rule = readonly [pattern: RegExp, write: (groups: readonly string[]) => string];

/** A placeholder gets `*`, the rest of the path, if it matches several segments in the other syntax. */
const RULES: readonly Rule[] = [
  // {*path} {**path} {path+} {path...} {path:path} {path:.*} {id:int} {id?} {{id}}
  [
    /^\{+ *(\*{0,2})([A-Za-z_]\w*)([^{}]*(?:\{[^{}]*\}[^{}]*)?)\}+$/,
    ([star, name, tail]) => placeholder(name, star, tail),
  ],
  // %7Bid%7D
  [/^%7b([A-Za-z_]\w*)(\*?)%7d$/i, ([name, star]) => placeholder(name, star)],
  // :id :id? :path* :path(.*) :id(\d+)
  [/^:([A-Za-z_]\w*)((?:\(.*\))?[?*+]?)$/, ([name, tail]) => placeholder(name, '', tail)],
  // <int:id> <path:path> <id:int> <id>
  [/^<([\w.]+)(?::([^>]*))?>$/, ([one = '', other]) => fromAngleBrackets(one, other)],
  // [id] [...slug] [[...slug]]
  [/^\[+(\.{0,3})([A-Za-z_]\w*)\]+$/, ([dots, name]) => placeholder(name, dots)],
  // * ** *path ...
  [/^(\*+|\.{3,})([A-Za-z_]\w*)?$/, ([star, name]) => placeholder(name ?? 'rest', star)],
  // (?<id>\d+) (?P<id>\d+)
  [/^\(\?P?<([A-Za-z_]\w*)>(.*)\)[?*+]?$/, ([name, tail]) => placeholder(name, '', tail)],
  // (.*) .* (.+) .+
  [/^\(?(?:\?:)?\.[*+]\??\)?$/, () => '{rest*}'],
  // (a|b) a|b: one route for each
  [/^\(?(?:\?:)?([\w-]+)(?:\|[\w-]+)+\)?$/, ([first = '']) => first],
  // a*
  [/^([\w.~-]+)\*+$/, ([prefix = '']) => `${prefix}/{rest*}`],
  // {id}.json :file.json v{n}: a placeholder is a whole segment
  [/[{<:[]([A-Za-z_]\w*)/, ([name]) => placeholder(name)],
];

/** A translated path. */
export interface Translation {
  /** The whole path in this file's syntax. */
  readonly path: string;
  /** The first segment of another syntax, as written. */
  readonly segment: string;
  /** That segment with its characters percent-encoded; undefined if no path can have them. */
  readonly literal: string | undefined;
}

/** Translates a path of another syntax; undefined if no segment is of another syntax. */
export function translatePath(input: string): Translation | undefined {
  // A slash in a character class of a regular expression does not separate segments.
  const segments = input.replaceAll('[^/]', '[^]').split('/').slice(1);
  const first = segments.find(isForeign);
  if (first === undefined) return undefined;
  const names = new Set<string>();
  const path = segments.map((segment, index) => {
    const form = isForeign(segment) ? translate(segment) : segment;
    return withUniqueName(
      index === segments.length - 1 ? form : form.replace(/(?:\/\{rest)?\*\}$/, '}'),
      names,
    );
  });
  return { path: `/${path.join('/')}`, segment: first.replaceAll('[^]', '[^/]'), literal: literalOf(first) };
}

function isForeign(segment: string): boolean {
  return FOREIGN.test(segment) && !PLACEHOLDER.test(segment);
}

function translate(segment: string): string {
  const unanchored = segment.replace(/^\^/, '').replace(/\$$/, '');
  if (!isForeign(unanchored)) return unanchored;
  for (const [pattern, write] of RULES) {
    const found = pattern.exec(unanchored);
    if (found) return write(found.slice(1));
  }
  return '{id}';
}

/** @param tail the text after the name: a type, a pattern, a quantifier */
function placeholder(name = 'id', before = '', tail = ''): string {
  const matchesRest = before !== '' || /^(?:\*+|\+|\.{3}|[:(]path\)?|.*\.[*+]\)?|=\*\*)$/.test(tail);
  return matchesRest ? `{${name}*}` : `{${name}}`;
}

/** Flask has the converter before the name, Bottle after it. */
function fromAngleBrackets(one: string, other: string | undefined): string {
  if (other === undefined) return placeholder(one);
  return CONVERTERS.test(one)
    ? placeholder(other, one === 'path' ? '*' : '')
    : placeholder(one, other === 'path' ? '*' : '');
}

/** Makes the name unique, since two placeholders of one name are an error. */
function withUniqueName(segment: string, names: Set<string>): string {
  return segment.replace(/\{(\w+)/, (_whole, name: string) => {
    let free = /^[A-Za-z_]/.test(name) ? name : `p${name}`;
    for (let count = 2; names.has(free); count++) free = `${name}${count}`;
    names.add(free);
    return `{${free}`;
  });
}

function literalOf(segment: string): string | undefined {
  if (/[{}\\?#]|%7b|\[\^\]|^\.+$/i.test(segment)) return undefined;
  return segment.replace(
    /^:|[*<>()[\]|^"]|\$/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
