/** Turns the `security` of an operation into what its route requires; never into less. */
import { isScopeToken } from '../model/scope.js';
import { isFields } from './document.js';
import { allOf, describeRequirement, oneOf, type Requirement } from './requirement.js';
import { PLACEHOLDER, type Scheme, type Schemes } from './schemes.js';

/** What an operation requires, and in which ways that is more than the document asks for. */
export interface Reading {
  readonly requirement: Requirement;
  readonly notes: readonly string[];
}

/** The bounds of one `security`; a longer one counts as unreadable. */
const MAX_ALTERNATIVES = 100;
const MAX_SCOPES = 500;

/** Reads the value of a `security` field; undefined where neither the operation nor the document has one. */
export type ReadSecurity = (security: unknown) => Reading;

/** Creates the function that reads `security`. Operations that share one value share its reading. */
export function createReadSecurity(schemes: Schemes): ReadSecurity {
  const readings = new Map<unknown, Reading>();
  return (security) => {
    let reading = readings.get(security);
    if (reading === undefined) readings.set(security, (reading = readSecurity(security, schemes)));
    return reading;
  };
}

function readSecurity(security: unknown, schemes: Schemes): Reading {
  if (security === undefined)
    return closed(schemes, 'unspecified', 'the document says nothing of its security');
  if (!Array.isArray(security) || security.length > MAX_ALTERNATIVES || !security.every(isFields)) {
    return closed(schemes, 'unreadable', 'its security is not a list of requirements');
  }
  const needed = security.filter((each) => Object.keys(each).length > 0);
  // `[]` and `[{}]` say that no security applies (OpenAPI 3.1, Operation Object).
  if (needed.length === 0) return { requirement: 'public', notes: [] };
  const notes = new Set<string>();
  if (needed.length < security.length) notes.add('a token is optional in the document; here it is needed');
  const alternatives = needed.map((each) => readAlternative(each, schemes, notes));
  if (alternatives.includes(undefined))
    return closed(schemes, 'unreadable', 'its security is not a list of scopes');
  return choose(alternatives as Parsed[], notes);
}

/** What a token needs for one alternative. */
interface Parsed {
  readonly scopes: readonly string[];
  /** The schemes in it that the gateway cannot check. */
  readonly unchecked: readonly Scheme[];
}

/** Prefers alternatives that tokens can satisfy; with a placeholder in them, the others would only be dead text. */
function choose(alternatives: readonly Parsed[], notes: Set<string>): Reading {
  const possible = alternatives.filter(({ unchecked }) => unchecked.length === 0);
  for (const { unchecked } of alternatives) {
    for (const { name, type, placeholder } of unchecked) {
      notes.add(
        possible.length > 0
          ? `callers with ${describeScheme(name, type)} alone are not let through`
          : `the gateway cannot check ${describeScheme(name, type)} by a scope of the document; it needs ${placeholder}`,
      );
    }
  }
  const { requirement, isStricter } = oneOf(
    (possible.length > 0 ? possible : alternatives).map(({ scopes }) => scopes),
  );
  if (isStricter)
    notes.add(
      `a route cannot state all its alternatives; of them it needs ${describeRequirement(requirement)}`,
    );
  return { requirement, notes: [...notes] };
}

/** Reads schemes that are needed together; undefined where they are not lists of texts. */
function readAlternative(
  alternative: Readonly<Record<string, unknown>>,
  schemes: Schemes,
  notes: Set<string>,
): Parsed | undefined {
  const scopes: string[] = [];
  const unchecked: Scheme[] = [];
  for (const [name, value] of Object.entries(alternative)) {
    if (!Array.isArray(value) || value.length > MAX_SCOPES) return undefined;
    const scheme = schemes.of(name);
    const written: unknown[] = value;
    const usable = written.filter((each) => typeof each === 'string' && isUsable(each)) as string[];
    for (const each of written) {
      if (typeof each !== 'string' || !isUsable(each))
        notes.add(`${JSON.stringify(each)} is no scope that a file can have; it needs ${scheme.placeholder}`);
    }
    scopes.push(...usable);
    if (scheme.isToken && usable.length === written.length && usable.length > 0) continue;
    scopes.push(scheme.placeholder);
    unchecked.push(scheme);
  }
  return { scopes, unchecked };
}

/** A `${` would be a variable of the file, and the placeholders are the file's own. */
function isUsable(scope: string): boolean {
  return isScopeToken(scope) && !scope.includes('${') && !scope.startsWith(PLACEHOLDER);
}

function closed(schemes: Schemes, purpose: string, why: string): Reading {
  const placeholder = schemes.placeholder(purpose);
  return { requirement: allOf([placeholder]), notes: [`${why}; it needs ${placeholder}`] };
}

function describeScheme(name: string, type: string): string {
  return `the scheme ${JSON.stringify(name)} (${type})`;
}
