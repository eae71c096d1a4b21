/** Reads a JSON object of parameters, where a name that is given twice is seen, as JSON.parse does not. */
import { isText, type Pairs } from './form.js';

/** The tokens of JSON that tell where a member's name stands; the text is known to be valid. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/** The members that are strings, doubled ones included; undefined where the text is no JSON object. */
export function parseJson(text: string): Pairs | undefined {
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const members = value as Record<string, unknown>;
  return namesOf(text).map((name) => {
    const member = members[name];
    // What is no text is as good as left out: no parameter of these endpoints is anything else.
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

/** The names of an object's own members, in order and as often as they are there. */
function namesOf(text: string): string[] {
  const names: string[] = [];
  let depth = 0;
  let last = '';
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token !== ':') last = token;
    else if (depth === 1) names.push(String(JSON.parse(last)));
  }
  return names;
}
