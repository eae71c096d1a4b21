/** The schema of conditions on claims: `{claim, is}`, `{claim, has}` and `{claim, absent}`, for issuers and routes. */
import { z } from 'zod';
import type { ClaimCondition, ClaimValue } from '../../model/claim.js';
import { ParseError } from '../problem.js';
import { claim, formatClaim } from './claim.js';
import { refusedKeys } from './refused-keys.js';
import { flag, given, list, phrase } from './values.js';

const VALUE_FORM = 'a text, a number, true or false';
const CONDITION_FORM = '{claim, is}, {claim, has} or {claim, absent}';
const LIST_FORM = `a list of conditions: ${CONDITION_FORM}`;
const NO_ISSUER_SHADOW =
  '"shadow" means nothing in a condition of an issuer, which decides whether a token is valid; to try the condition ' +
  'without refusing, move it into "require" of the routes';
const PARAMETER = /^\{([A-Za-z_]\w*)\}$/;

/** A path parameter in place of a value. */
class Parameter {
  constructor(readonly name: string) {}
}

/** A condition of a route, in force or in shadow. */
export interface RouteCondition extends ClaimCondition {
  readonly shadow: boolean;
}

/** The schema of an issuer's conditions, all of which a token must satisfy. */
export function issuerConditions() {
  const condition = z
    .strictObject(conditionKeys(false), { error: wrongKind })
    .register(refusedKeys, { shadow: NO_ISSUER_SHADOW })
    .transform(toCondition);
  return list(condition, LIST_FORM);
}

/** The schema of a route's conditions. A value can be a path parameter, `"{org}"`. */
export function routeConditions() {
  const shadow = flag()
    .optional()
    .describe('true: a token that does not satisfy the condition is let through and recorded.');
  const condition = z
    .strictObject({ ...conditionKeys(true), shadow }, { error: wrongKind })
    .transform((raw, context): RouteCondition => {
      const found = toCondition(raw, context);
      return { ...found, shadow: raw.shadow === true };
    });
  return list(condition, LIST_FORM);
}

/** @param parameters whether a value can be a path parameter */
function conditionKeys(parameters: boolean) {
  const accepted = acceptedValues(parameters);
  const values = parameters
    ? `${VALUE_FORM}, a list of these, or a path parameter: "{org}"`
    : `${VALUE_FORM}, or a list of these`;
  return {
    claim: claim.describe('The claim: a name, or a list that is a path into an object.'),
    is: accepted.optional().describe(`What the claim equals: ${values}.`),
    has: accepted
      .optional()
      .describe(`What an array, a text of words or the keys of an object contain: ${values}.`),
    absent: flag()
      .refine((value) => value, { error: 'must be true' })
      .optional()
      .describe('true: the token does not have the claim, or has null.'),
  };
}

type RawCondition = z.output<z.ZodObject<ReturnType<typeof conditionKeys>>>;

function toCondition(
  { claim: path, is, has, absent }: RawCondition,
  context: z.core.ParsePayload,
): ClaimCondition {
  // An unknown key may stand for one of these.
  if (context.issues.length > 0) return z.NEVER;
  const tests = { is, has, absent };
  if (Object.values(tests).filter((each) => each !== undefined).length !== 1) {
    context.issues.push({
      code: 'custom',
      message: 'must have one of "is", "has" and "absent"',
      input: tests,
    });
    return z.NEVER;
  }
  const claimed = { path, name: formatClaim(path) };
  const found = is ?? has;
  if (found === undefined) return { ...claimed, test: 'absent', values: [] };
  const common = { ...claimed, test: is === undefined ? 'has' : 'is' } as const;
  return found instanceof Parameter
    ? { ...common, values: [], parameter: found.name }
    : { ...common, values: found };
}

const wrongKind = (issue: { readonly code?: string }): string | undefined =>
  issue.code === 'invalid_type' ? `must be a condition: ${CONDITION_FORM}` : undefined;

function acceptedValues(parameters: boolean) {
  const one = z.union([phrase((text) => parseValue(text, parameters), VALUE_FORM), number, z.boolean()], {
    error: given(`must be ${VALUE_FORM}, or a list of these`),
  });
  const several = list(
    z.union([phrase((text) => parseText(text, parameters), VALUE_FORM), number, z.boolean()], {
      error: given(`must be ${VALUE_FORM}`),
    }),
    'a list of values',
  );
  return z.union(
    [
      one.transform((value) => (value instanceof Parameter ? value : [value])),
      several.transform((values): readonly ClaimValue[] => values),
    ],
    { error: given(`must be ${VALUE_FORM}, or a list of these`) },
  );
}

/** A larger integer of a token is rounded when it is parsed, so it could equal another one. */
const number = z
  .number({ error: given(`must be ${VALUE_FORM}`) })
  .refine((value) => !Number.isInteger(value) || Number.isSafeInteger(value), {
    error:
      'must be an integer that JSON holds exactly, up to 9007199254740991; as a text it must be in quotes',
  });

function parseValue(text: string, parameters: boolean): string | Parameter | ParseError {
  const name = parameters ? PARAMETER.exec(text)?.[1] : undefined;
  return name === undefined ? parseText(text, parameters) : new Parameter(name);
}

function parseText(text: string, parameters: boolean): string | ParseError {
  if (text === '') return new ParseError('must not be empty');
  const parameter = /\{[A-Za-z_]\w*\}/.exec(text)?.[0];
  if (parameter === undefined) return text;
  return new ParseError(
    parameters
      ? `must be a path parameter alone, "${parameter}", or values without one`
      : `must be the value itself; only a route has a path parameter such as "${parameter}"`,
  );
}
