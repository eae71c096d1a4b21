/** Looks up the schema by path: which keys and types are allowed where. */
import { z } from 'zod';
import type { Path } from './problem.js';

/** Places where a misplaced key may belong, and their names in messages. */
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

/** Finds the object schemas at a path; several if the value has several forms. */
export function objectsAt(schema: z.core.$ZodType, path: Path): z.ZodObject[] {
  return schemasAt(schema, path).filter((each) => each instanceof z.ZodObject);
}

/** Finds the schemas at a path without their wrappers; of a union, each of its forms. */
export function schemasAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => schemasAt(option, path));
  const inner = unwrap(schema);
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

/** The schema inside an optional value, a default or a conversion. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return schema.unwrap();
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.innerType;
  if (!(schema instanceof z.ZodPipe)) return undefined;
  // The input side of a conversion is what the file has, unless that side is only a function.
  return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
}
