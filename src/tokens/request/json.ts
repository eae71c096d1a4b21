/** Parses a JSON object of parameters. Unlike JSON.parse it reports duplicate names. */
import { isText, type Pairs } from './form.js';

/** The JSON tokens that locate a member's name. The text has already been validated. */
const STRUCTURE = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** Returns the members with duplicates, non-strings as empty. Undefined if the text is no JSON object. */
export function parseJson(text: string): Pairs | undefined {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const members = value as Record<string, unknown>;
  return namesOf(text).map((name) => {
    const member = members[name];
    // Every parameter of these endpoints is a string, so another value counts as absent.
    return [name, typeof member === 'string' && isText(member) ? member : ''];
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The names of the object's own members, in order, with duplicates. */
function namesOf(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let last = '';
  for (const [token] of text.matchAll(STRUCTURE)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token !== ':') last = token;
    else if (depth === 1) names.push(String(JSON.parse(last)));
  }
  return names;
}
