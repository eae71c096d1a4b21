/** Whether a caller would rather have JSON than plain text (RFC 9110 12.5.1). */

/** Only where it says so: a caller who accepts anything takes what there is. */
export function prefersJson(accept: string | undefined): boolean {
  const json = weightOf(accept, 'application/json');
  return json > 0 && json >= weightOf(accept, 'text/plain');
}

/** The weight that is given to exactly this type; 0 where it is not named. */
function weightOf(accept = '', type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
    if (name !== type) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return weight === undefined ? 1 : Number(weight.slice(2));
  }
  return 0;
}
