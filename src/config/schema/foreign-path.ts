/**
 * Paths in the syntax of other programs (Express, Flask, ASP.NET, Next.js, nginx …), translated to the one of this file.
 *
 * Taken literally such a path passes every check and then matches no request, so each is an error that shows the right
 * form. Whoever means the characters themselves writes them percent-encoded.
 */

/** What tells a segment of another syntax. A `:` within a segment (`books:batch`) and a `$` before letters are literals. */
const FOREIGN = /^:\w|[*<>()[\]|^{}"]|%7b[^/]*%7d|\$\d|\$$|^\\[dws]|^\.{3,}$/i;
/** Converters of Flask and Django, which stand before the name: `<int:id>`. */
const CONVERTERS = /^(?:int|str|string|float|uuid|path|slug|any|re)$/;
const PLACEHOLDER = /^\{[A-Za-z_]\w*\*?\}$/;

type Rule = readonly [pattern: RegExp, write: (groups: readonly string[]) => string];

/** `*` behind the name stands for the rest of the path, where the other syntax says so. */
const RULES: readonly Rule[] = [
  // {*path} {**path} {path+} {path...} {path:path} {path:.*} {id:int} {id?} {{id}}
  [
    /^\{+ *(\*{0,2})([A-Za-z_]\w*)([^{}]*(?:\{[^{}]*\}[^{}]*)?)\}+$/,
    ([star, name, tail]) => named(name, star, tail),
  ],
  // %7Bid%7D
  [/^%7b([A-Za-z_]\w*)(\*?)%7d$/i, ([name, star]) => named(name, star)],
  // :id :id? :path* :path(.*) :id(\d+)
  [/^:([A-Za-z_]\w*)((?:\(.*\))?[?*+]?)$/, ([name, tail]) => named(name, '', tail)],
  // <int:id> <path:path> <id:int> <id>
  [/^<([\w.]+)(?::([^>]*))?>$/, ([one = '', other]) => fromAngles(one, other)],
  // [id] [...slug] [[...slug]]
  [/^\[+(\.{0,3})([A-Za-z_]\w*)\]+$/, ([dots, name]) => named(name, dots)],
  // * ** *path ...
  [/^(\*+|\.{3,})([A-Za-z_]\w*)?$/, ([star, name]) => named(name ?? 'rest', star)],
  // (?<id>\d+) (?P<id>\d+)
  [/^\(\?P?<([A-Za-z_]\w*)>(.*)\)[?*+]?$/, ([name, tail]) => named(name, '', tail)],
  // (.*) .* (.+) .+
  [/^\(?(?:\?:)?\.[*+]\??\)?$/, () => '{rest*}'],
  // (a|b) a|b: one route for each
  [/^\(?(?:\?:)?([\w-]+)(?:\|[\w-]+)+\)?$/, ([first = '']) => first],
  // a*
  [/^([\w.~-]+)\*+$/, ([prefix = '']) => `${prefix}/{rest*}`],
  // {id}.json :file.json v{n}: a placeholder is a whole segment
  [/[{<:[]([A-Za-z_]\w*)/, ([name]) => named(name)],
];

export interface Translation {
  /** The whole path in this file's syntax. */
  readonly path: string;
  /** The first segment that is not, as written. */
  readonly segment: string;
  /** The same segment for whoever means its very characters; undefined where no path can have them. */
  readonly literal: string | undefined;
}

/** A path of another program's syntax in ours; undefined where it is in ours already, or in none. */
export function translatePath(written: string): Translation | undefined {
  // A slash in a character class of a regular expression parts no segments.
  const segments = written.replaceAll('[^/]', '[^]').split('/').slice(1);
  const first = segments.find(isForeign);
  if (first === undefined) return undefined;
  const names = new Set<string>();
  const path = segments.map((segment, index) => {
    const form = isForeign(segment) ? translate(segment) : segment;
    return withNewName(index === segments.length - 1 ? form : form.replace(/(?:\/\{rest)?\*\}$/, '}'), names);
  });
  return { path: `/${path.join('/')}`, segment: first.replaceAll('[^]', '[^/]'), literal: literalOf(first) };
}

function isForeign(segment: string): boolean {
  return FOREIGN.test(segment) && !PLACEHOLDER.test(segment);
}

function translate(segment: string): string {
  const bare = segment.replace(/^\^/, '').replace(/\$$/, '');
  if (!isForeign(bare)) return bare;
  for (const [pattern, write] of RULES) {
    const found = pattern.exec(bare);
    if (found) return write(found.slice(1));
  }
  return '{id}';
}

/** @param tail what stands behind the name: a type, a pattern, a quantifier */
function named(name = 'id', before = '', tail = ''): string {
  const takesRest = before !== '' || /^(?:\*+|\+|\.{3}|[:(]path\)?|.*\.[*+]\)?|=\*\*)$/.test(tail);
  return takesRest ? `{${name}*}` : `{${name}}`;
}

/** Flask has the converter before the name, Bottle behind it. */
function fromAngles(one: string, other: string | undefined): string {
  if (other === undefined) return named(one);
  return CONVERTERS.test(one)
    ? named(other, one === 'path' ? '*' : '')
    : named(one, other === 'path' ? '*' : '');
}

/** Two placeholders of one name would be an error of their own. */
function withNewName(segment: string, names: Set<string>): string {
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
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
