/** Which parts of a line of the file may be credentials, told by the line alone: it may be of a text that is not YAML. */

export interface Span {
  /** Index of its first character. */
  readonly start: number;
  /** Index behind its last one. */
  readonly end: number;
}

/** What the names of keys, header fields and parameters of credentials end in. */
const NAME =
  '[\\w.-]*(?:passw(?:or)?d|passphrase|secret|token|credentials?|cookie|signature|auth|(?<!forward_)authorization|[-_]key|apikey)';
/** Private members of a JWK (RFC 7518 6.2.2, 6.3.2, 6.4.1). */
const MEMBER = '(?:d|p|q|dp|dq|qi|k)';
/** A quoted text, also one that is not closed, or all up to the next key of a map in one line; no map and no list. */
const VALUE = `"(?:\\\\.|[^"\\\\])*"?|'(?:''|[^'])*'?|[^\\s"'{[].*?(?=,\\s*["']?[\\w.-]+["']?\\s*:|[\\s}\\]]*$)`;

const PATTERNS: readonly RegExp[] = [
  new RegExp(`(?<![\\w.-])(?:${NAME}|${MEMBER})["']?\\s*:\\s*(${VALUE})`, 'dgi'),
  new RegExp(`[?&;]${NAME}=([^&\\s"']+)`, 'dgi'),
  /:\/\/(\S*)@/dg,
  /(?<![^\s"'])([^\s"':/@{[]*:[^\s"'@/]+)@/dg,
];

/** Where credentials may stand in a line; the spans may overlap. */
export function secretsIn(line: string): readonly Span[] {
  return PATTERNS.flatMap((pattern) =>
    [...line.matchAll(pattern)].flatMap(({ indices }) => {
      const [start, end] = indices?.[1] ?? [0, 0];
      return end > start ? [{ start, end }] : [];
    }),
  );
}

/** The line with stars for what may be a credential, as many as it has characters. Names of variables are none. */
export function hideSecrets(line: string): string {
  let hidden = line;
  for (const { start, end } of secretsIn(line)) {
    hidden = hidden.slice(0, start) + stars(hidden.slice(start, end)) + hidden.slice(end);
  }
  return hidden;
}

/** Quotes stay, and of `${NAME:-default}` the name. */
function stars(value: string): string {
  return value.replace(/\$\{\w+(?:\}|:-)?|[^"']/g, (part) => (part.length > 1 ? part : '*'));
}
