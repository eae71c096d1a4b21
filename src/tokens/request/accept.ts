/** Reads the Accept field (RFC 9110 12.5.1), for the endpoint of named tokens. */

/** Whether the caller prefers JSON to plain text. It must name JSON; a wildcard is no preference. */
export function prefersJson(accept: string | undefined): boolean {
  const json = weightOf(accept, 'application/json');
  return json > 0 && json >= weightOf(accept, 'text/plain');
}

/** The weight of exactly this type; 0 if it is not named. */
function weightOf(accept = '', type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return weight === undefined ? 1 : Number(weight.slice(2));
  }
  return 0;
}
