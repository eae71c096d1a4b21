/** Reads path templates of a document into segments of a route, or says why a route cannot have them. */

/**
 * A segment of a template. `unknown` is one segment that a route cannot state: it is compared by the text before its first
 * placeholder and after its last. `rest` may be any number of segments.
 */
export type TemplateSegment =
  | {
      readonly kind: 'literal';
      /** Decoded. */ readonly text: string;
      /** As a file has it. */ readonly sent: string;
    }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'unknown'; readonly before: string; readonly after: string }
  | { readonly kind: 'rest' };

/** A path template as a route sees it. */
export interface Template {
  readonly segments: readonly TemplateSegment[];
  /** Why a route cannot have this path; undefined if it can. */
  readonly problem: string | undefined;
}

/** What may stand in a literal of a route as it is; `$` is written encoded, since `${` begins a variable of the file. */
const PLAIN = /[A-Za-z0-9._~!&'+,=:@-]/;
/** What is percent-encoded for the file. Clients send spaces and other scripts in this form. */
const ENCODABLE = /[ $()]|[^\0-\x7f]/;
/** Path parameters have any name in a document; these are names, and the others a pattern or an operator of another syntax. */
const PARAMETER = /^\{([\p{L}\p{N}_.-]+)\}$/u;

/** Reads the path of a document, beginning with the base path of its server. Never throws. */
export function readTemplate(path: string): Template {
  if (!path.startsWith('/')) return { segments: [{ kind: 'rest' }], problem: 'it does not begin with "/"' };
  const mark = path.search(/[?#]/);
  const segments: TemplateSegment[] = [];
  let problem =
    mark === -1 ? undefined : `"${path.slice(mark)}" is not part of a path: a route does not match it`;
  const texts = (mark === -1 ? path : path.slice(0, mark)).slice(1).split('/');
  for (const [index, text] of texts.entries()) {
    if (text === '' && index < texts.length - 1) {
      problem ??= 'it has an empty segment, which the gateway refuses';
      continue;
    }
    const segment = readSegment(text);
    if (typeof segment === 'string') {
      problem ??= segment;
      segments.push(unreadable(text));
    } else segments.push(segment);
  }
  return { segments: withUniqueNames(segments), problem };
}

/** Returns a segment, or why a route cannot have it. */
function readSegment(text: string): TemplateSegment | string {
  const name = PARAMETER.exec(text)?.[1];
  if (name !== undefined) return { kind: 'parameter', name };
  const shown = JSON.stringify(text);
  if (/^\{[^{}]*\}$/.test(text)) return `${shown} is not a placeholder of one segment`;
  if (/[{}]/.test(text))
    return `${shown} is not a whole placeholder; a placeholder of a route is a whole segment`;
  if (/^:\w|[*<>[\]|^]|^\.{3,}$/.test(text))
    return `${shown} looks like a placeholder of another syntax; write {name}`;
  return readLiteral(text) ?? `${shown} has a character that no path of a route may have`;
}

/** Reads a literal; undefined for what the gateway refuses in a path. */
function readLiteral(text: string): TemplateSegment | undefined {
  let sent = '';
  for (let at = 0; at < text.length; at++) {
    const character = String.fromCodePoint(text.codePointAt(at)!);
    const escape = /^%[0-9a-f]{2}/i.exec(text.slice(at, at + 3))?.[0];
    if (escape !== undefined) {
      sent += escape;
      at += 2;
    } else if (PLAIN.test(character)) sent += character;
    else if (ENCODABLE.test(character)) {
      sent += encoded(character);
      at += character.length - 1;
    } else return undefined;
  }
  const decoded = decode(sent);
  // A slash or a backslash would be read in two ways, and so would a second round of decoding; `{` begins a placeholder.
  if (decoded === undefined || /[\p{Cc}/\\;{}]|%[0-9a-f]{2}|^\.{1,2}$/iu.test(decoded)) return undefined;
  return { kind: 'literal', text: decoded, sent };
}

/** A lone surrogate has no UTF-8 form; its text is then invalid when decoded. */
function encoded(character: string): string {
  if (character === '(' || character === ')') return character === '(' ? '%28' : '%29';
  try {
    return encodeURIComponent(character);
  } catch {
    return '%FF';
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** What a segment without a route may stand for. An encoded slash, or a pattern, may be several segments. */
function unreadable(text: string): TemplateSegment {
  if (/%2f|%5c|\\|^\{[^{}]*[^\w{}.-][^{}]*\}$|^[:*<[(].*|\*/i.test(text)) return { kind: 'rest' };
  const [first, last] = [text.indexOf('{'), text.lastIndexOf('}')];
  if (first === -1 || last < first || /[%;]/.test(text)) return { kind: 'unknown', before: '', after: '' };
  return {
    kind: 'unknown',
    before: text.slice(0, first).toLowerCase(),
    after: text.slice(last + 1).toLowerCase(),
  };
}

/** A route's placeholder has letters, digits and `_`, and each name once. */
function withUniqueNames(segments: readonly TemplateSegment[]): TemplateSegment[] {
  const names = new Set<string>();
  return segments.map((segment) => {
    if (segment.kind !== 'parameter') return segment;
    const plain = segment.name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    let name = plain;
    for (let count = 2; names.has(name); count++) name = `${plain}_${count}`;
    names.add(name);
    return { kind: 'parameter', name };
  });
}

/** Formats segments as the path of a route's `match`. */
export function formatPath(segments: readonly TemplateSegment[]): string {
  return segments
    .map((segment) => {
      if (segment.kind === 'literal') return `/${segment.sent}`;
      return segment.kind === 'parameter' ? `/{${segment.name}}` : '/…';
    })
    .join('');
}

/** Returns a key that is equal for templates of which only one can be a route of a method: names of parameters do not matter. */
export function exactKey(segments: readonly TemplateSegment[]): string {
  return segments
    .map((segment) =>
      segment.kind === 'literal' ? `/=${encodeURIComponent(segment.text)}` : `/${segment.kind}`,
    )
    .join('');
}
