/** Writes the result as a commented YAML file. */

/** A configuration as the file has it. */
export interface ImportedConfig {
  readonly issuers: { readonly main: { readonly issuer: string; readonly audience: string } };
  readonly upstreams: Readonly<Record<string, string>>;
  readonly routes: readonly {
    readonly match: string;
    readonly upstream: string;
    readonly public?: true;
    readonly scope?: string | readonly string[] | { readonly any: readonly string[] };
  }[];
}

/** What stands at the head of the file, and beside its values. */
export interface Comments {
  /** Lines at the head. */
  readonly head: readonly string[];
  readonly issuer: string;
  readonly audience: string;
  /** By the name of an upstream. */
  readonly upstreams: ReadonlyMap<string, string>;
}

/** Texts that YAML reads as themselves without quotes, also within `[ ]`; a path and a list of scopes are written in them. */
const PLAIN = /^[A-Za-z/][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*$/;
/** A path can have braces and colons where a value begins with a method. */
const PLAIN_MATCH = /^[A-Z]+ \/(?:[A-Za-z0-9_./{}@=-]|:(?=[A-Za-z0-9]))*$/;
/** YAML reads these as other values. */
const RESERVED = /^(?:true|false|null|yes|no|on|off|none|y|n)$/i;

/** Formats a configuration as YAML. Each comment is one line. */
export function writeYaml({ issuers, upstreams, routes }: ImportedConfig, comments: Comments): string {
  const { main } = issuers;
  const lines = [
    ...comments.head.map((line) => `# ${line}`.trimEnd()),
    '',
    'issuers:',
    '  main:',
    `    issuer: ${main.issuer} # ${comments.issuer}`,
    `    audience: ${main.audience} # ${comments.audience}`,
    '',
    'upstreams:',
    ...Object.entries(upstreams).map(
      ([name, origin]) => `  ${name}: ${origin} # ${comments.upstreams.get(name) ?? ''}`,
    ),
    '',
    'routes:',
  ];
  for (const { match, upstream, scope } of routes) {
    lines.push(
      `  - match: ${PLAIN_MATCH.test(match) ? match : JSON.stringify(match)}`,
      `    upstream: ${upstream}`,
    );
    lines.push(scope === undefined ? '    public: true' : `    scope: ${scopeText(scope)}`);
  }
  return `${lines.join('\n')}\n`;
}

function scopeText(scope: NonNullable<ImportedConfig['routes'][number]['scope']>): string {
  if (typeof scope === 'string') return plainOrQuoted(scope);
  const [list, before, after] = Array.isArray(scope)
    ? [scope as readonly string[], '', '']
    : [(scope as { any: readonly string[] }).any, '{ any: ', ' }'];
  return `${before}[${list.map(plainOrQuoted).join(', ')}]${after}`;
}

function plainOrQuoted(text: string): string {
  return PLAIN.test(text) && !RESERVED.test(text) ? text : JSON.stringify(text);
}
