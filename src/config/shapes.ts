/** Which keys may stand where: the schema, looked at by path. */
import { z } from 'zod';
import type { Path } from './problem.js';

/** Places where a key may have been meant to stand, and how they are called. */
export const PLACES: readonly { readonly at: Path; readonly words: string }[] = [
  { at: [], words: 'at the top level' },
  { at: ['routes', 0], words: 'in a route' },
  { at: ['upstreams', ''], words: 'in an upstream' },
  { at: ['issuers', ''], words: 'in an issuer' },
  { at: ['routes', 0, 'limit'], words: 'in the long form of a limit' },
  { at: ['redis'], words: 'in redis' },
  { at: ['client'], words: 'in client' },
  { at: ['defaults'], words: 'in defaults' },
];

/** The objects that may stand at a path: more than one where there are several forms. */
export function objectsAt(schema: z.core.$ZodType, path: Path): z.ZodObject[] {
  return schemasAt(schema, path).filter((each) => each instanceof z.ZodObject);
}

/** Whatever may stand at a path, without what it is wrapped in: of a union each of its forms. */
export function schemasAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => schemasAt(option, path));
  const inner = unwrapped(schema);
  if (inner) return schemasAt(inner, path);
  const [step, ...rest] = path;
  if (step === undefined) return [schema];
  if (schema instanceof z.ZodArray) return schemasAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return schemasAt(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  const shape: z.ZodRawShape = schema.shape;
  const next = Object.hasOwn(shape, step) ? shape[String(step)] : undefined;
  return next ? schemasAt(next, rest) : [];
}

/** What an optional value, a default or a conversion is made around. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return schema.unwrap();
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.innerType;
  if (!(schema instanceof z.ZodPipe)) return undefined;
  // Of a conversion the side that is written counts, unless it is a mere function.
  return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
}
