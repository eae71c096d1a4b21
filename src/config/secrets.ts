/**
 * Finds the parts of a line that may be credentials, so that messages do not repeat them. It looks at the line alone,
 * since the text may not be valid YAML.
 */

export interface Span {
  /** Index of the first character. */
  readonly start: number;
  /** Index after the last character. */
  readonly end: number;
}

/** Endings of the names of keys, header fields and parameters that hold credentials. */
const NAME =
  '[\\w.-]*(?:passw(?:or)?d|passphrase|secret|token|credentials?|cookie|signature|auth|(?<!forward_)authorization|[-_]key|apikey)';
/** The private members of a JWK (RFC 7518 6.2.2, 6.3.2, 6.4.1). */
const MEMBER = '(?:d|p|q|dp|dq|qi|k)';
/** A quoted text, closed or not, or everything up to the next key of a map in one line; not a map or a list. */
const VALUE = `"(?:\\\\.|[^"\\\\])*"?|'(?:''|[^'])*'?|[^\\s"'{[].*?(?=,\\s*["']?[\\w.-]+["']?\\s*:|[\\s}\\]]*$)`;

const PATTERNS: readonly RegExp[] = [
  new RegExp(`(?<![\\w.-])(?:${NAME}|${MEMBER})["']?\\s*:\\s*(${VALUE})`, 'dgi'),
  // A list by mistake, where one value belongs.
  new RegExp(`(?<![\\w.-])${NAME}["']?\\s*:\\s*\\[([^\\]]*)`, 'dgi'),
  new RegExp(`[?&;]${NAME}=([^&\\s"']+)`, 'dgi'),
  /:\/\/(\S*)@/dg,
  /(?<![^\s"'])([^\s"':/@{[]*:[^\s"'@/]+)@/dg,
];

/** Finds the spans of a line that may be credentials; they may overlap. */
export function secretsIn(line: string): readonly Span[] {
  return PATTERNS.flatMap((pattern) =>
    [...line.matchAll(pattern)].flatMap(({ indices }) => {
      const [start, end] = indices?.[1] ?? [0, 0];
      return end > start ? [{ start, end }] : [];
    }),
  );
}

/** Replaces what may be a credential with the same number of stars. Names of variables are kept. */
export function hideSecrets(line: string): string {
  let hidden = line;
  for (const { start, end } of secretsIn(line)) {
    hidden = hidden.slice(0, start) + mask(hidden.slice(start, end)) + hidden.slice(end);
  }
  return hidden;
}

/** Replaces every character of a value with a star. Keeps quotes, and the name in `${NAME:-default}`. */
export function mask(value: string): string {
  return value.replace(/\$\{\w+(?:\}|:-)?|[^"'\r\n]/g, (part) => (part.length > 1 ? part : '*'));
}
