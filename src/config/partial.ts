/** Extracts the valid parts of a configuration, so that a faulty file can still be checked across its parts. */
import { z } from 'zod';
import { issuer } from './schema/issuer.js';
import { route } from './schema/route.js';
import { general } from './schema/schema.js';
import { upstreamSettings } from './schema/upstream.js';

/** The valid keys outside issuers, upstreams and routes. */
export type PartialGeneral = Partial<z.output<typeof general>>;
/** The valid keys of an issuer. */
export type PartialIssuer = Partial<z.output<typeof issuer>>;
/** The valid keys of an upstream. */
export type PartialUpstream = Partial<z.output<typeof upstreamSettings>>;
/** The valid keys of a route. */
export type PartialRoute = Partial<z.output<typeof route>>;

/** The valid parts of a configuration. */
export interface PartialConfig {
  readonly general: PartialGeneral;
  readonly issuers: ReadonlyMap<string, PartialIssuer>;
  readonly upstreams: ReadonlyMap<string, PartialUpstream>;
  /** Whether the names cannot be known: the section is not a map, or for upstreams missing. */
  readonly isUnknown: { readonly issuers: boolean; readonly upstreams: boolean };
  /** Whether the file has no such key; it may be misspelt. */
  readonly isAbsent: { readonly issuers: boolean };
  /** Undefined for an entry that is not an object. */
  readonly routes: readonly (PartialRoute | undefined)[];
}

/** Keeps each key that is valid by itself; a faulty key is left out as if it were absent. */
export function partialConfig(value: unknown): PartialConfig {
  const { issuers, upstreams, routes } = isRecord(value) ? value : {};
  return {
    general: validKeys(general, value),
    isUnknown: { issuers: issuers !== undefined && !isRecord(issuers), upstreams: !isRecord(upstreams) },
    isAbsent: { issuers: issuers === undefined },
    issuers: mapEntries(issuers, (each) => validKeys(issuer, each)),
    upstreams: mapEntries(upstreams, (each) =>
      validKeys(upstreamSettings, typeof each === 'string' ? { targets: [each] } : each),
    ),
    routes: Array.isArray(routes)
      ? routes.map((each) => (isRecord(each) ? validKeys(route, each) : undefined))
      : [],
  };
}

/** Validates each key by itself: a faulty key is left out, and an absent one gets its default. */
function validKeys<T extends z.ZodObject>(schema: T, value: unknown): Partial<z.output<T>> {
  const valid: Record<string, unknown> = {};
  const shape: z.ZodRawShape = schema.shape;
  for (const [key, keySchema] of Object.entries(shape)) {
    const raw = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    const result = z.safeParse(keySchema, raw);
    if (result.success && result.data !== undefined) valid[key] = result.data;
  }
  return valid as Partial<z.output<T>>;
}

function mapEntries<T>(value: unknown, convert: (each: unknown) => T): ReadonlyMap<string, T> {
  return new Map(isRecord(value) ? Object.entries(value).map(([key, each]) => [key, convert(each)]) : []);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
