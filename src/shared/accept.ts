/** Reads the Accept field (RFC 9110 12.5.1), for refusals and for the endpoint of named tokens. */

/** The weights of the media ranges of a field, in lower case and without their parameters. */
interface Accepted {
  /** The highest weight of each range. */
  readonly weights: ReadonlyMap<string, number>;
  /** Whether every part could be read. */
  readonly isValid: boolean;
}

const RANGE = /^[!#$%&'*+\-.^_`|~0-9a-z]+\/[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Whether the caller prefers JSON to plain text. It must name JSON; a wildcard is no preference. */
export function prefersJson(accept: string | undefined): boolean {
  const { weights } = read(accept);
  const json = weights.get('application/json') ?? 0;
  return json > 0 && json >= (weights.get('text/plain') ?? 0);
}

/**
 * Whether the caller prefers problem details (RFC 9457) to plain JSON. It must name them, with a weight that is at least
 * that of JSON, which a wildcard can name too. False where the field is malformed.
 */
export function prefersProblemDetails(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const { weights, isValid } = read(accept);
  const problem = weights.get('application/problem+json') ?? 0;
  const json = weights.get('application/json') ?? weights.get('application/*') ?? weights.get('*/*') ?? 0;
  return isValid && problem > 0 && problem >= json;
}

function read(accept = ''): Accepted {
  const weights = new Map<string, number>();
  let isValid = true;
  // A comma within a quoted parameter is taken for a separator. No client that is known sends one.
  for (const part of accept.toLowerCase().split(',')) {
    // Empty members of a list are ignored (RFC 9110 5.6.1.2).
    if (part.trim() === '') continue;
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim());
    const written = parameters.find((parameter) => parameter.startsWith('q='));
    const weight = written === undefined ? '1' : WEIGHT.exec(written)?.[1];
    if (weight === undefined || !RANGE.test(range)) isValid = false;
    else weights.set(range, Math.max(Number(weight), weights.get(range) ?? 0));
  }
  return { weights, isValid };
}
