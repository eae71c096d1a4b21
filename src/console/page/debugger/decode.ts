/**
 * Decodes a token for display. Nothing is verified here: the gateway does that. What a token says is never evaluated: values
 * keep the spelling that they have in the token, so that no large number is rounded and no name that is given twice is lost.
 */

/** One member of a JSON object. */
export interface NamedValue {
  readonly name: string;
  /** The value as JSON, as written in the token. */
  readonly json: string;
}

/** The members of a part, or why there are none. */
export type DecodedPart = { readonly members: readonly NamedValue[] } | { readonly problem: string };

/** The three parts of a token as written, with where they begin in what was typed. */
export interface SplitToken {
  /** What stands before the token: `Authorization: Bearer `. */
  readonly prefix: string;
  /** The parts without the dots between them. */
  readonly parts: readonly string[];
}

const PREFIX = /^\s*(?:authorization\s*:)?\s*(?:bearer\s+)?/i;
/** A text, or a sign between values. */
const SIGNS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Splits what was typed or pasted. White space within it is kept, as in a token that was wrapped. */
export function splitToken(text: string): SplitToken {
  const prefix = PREFIX.exec(text)?.[0] ?? '';
  const token = text.slice(prefix.length);
  return { prefix, parts: token === '' ? [] : token.split('.') };
}

/** Returns the token in what was typed, without white space; empty where there is none. */
export function tokenIn(text: string): string {
  return splitToken(text).parts.join('.').replace(/\s/g, '');
}

/** Whether a text is a token, also one that is not well-formed: the header of each begins with `{"`, in base64url. */
export function looksLikeToken(text: string): boolean {
  return tokenIn(text).startsWith('eyJ');
}

/** Decodes a part of a token: base64url (RFC 7515 2) of a JSON object. */
export function decodePart(part: string): DecodedPart {
  if (!BASE64URL.test(part)) return { problem: 'It is not base64url.' };
  const json = textOf(part);
  if (json === undefined) return { problem: 'It is not base64url of UTF-8 text.' };
  const value = parsed(json);
  if (value === undefined) return { problem: 'It is not JSON.' };
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'It is not a JSON object.' };
  return { members: membersOf(json) };
}

function textOf(part: string): string | undefined {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Parses JSON; undefined where it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** The members at the top of an object that is known to be valid JSON, in their order. */
function membersOf(json: string): NamedValue[] {
  const members: NamedValue[] = [];
  let depth = 0;
  let name: string | undefined;
  /** Where the current name or value begins. */
  let start = 0;
  for (const { 0: sign, index } of json.matchAll(SIGNS)) {
    if (sign.startsWith('"')) continue;
    if (depth === 1 && (sign === ',' || sign === '}')) {
      if (name !== undefined) members.push({ name, json: json.slice(start, index).trim() });
      name = undefined;
    }
    if (depth === 1 && sign === ':') name = JSON.parse(json.slice(start, index)) as string;
    if (sign === '{' || sign === '[') depth++;
    if (sign === '}' || sign === ']') depth--;
    if (depth === 1 && (sign === '{' || sign === ',' || sign === ':')) start = index + 1;
  }
  return members;
}
