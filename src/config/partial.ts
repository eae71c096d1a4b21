/** What of a configuration is valid by itself: what the checks between its parts can still judge in a faulty file. */
import { z } from 'zod';
import { issuer } from './schema/issuer.js';
import { route } from './schema/route.js';
import { general } from './schema/schema.js';
import { upstreamSettings } from './schema/upstream.js';

export type PartialGeneral = Partial<z.output<typeof general>>;
export type PartialIssuer = Partial<z.output<typeof issuer>>;
export type PartialUpstream = Partial<z.output<typeof upstreamSettings>>;
export type PartialRoute = Partial<z.output<typeof route>>;

export interface PartialConfig {
  readonly general: PartialGeneral;
  readonly issuers: ReadonlyMap<string, PartialIssuer>;
  readonly upstreams: ReadonlyMap<string, PartialUpstream>;
  /** Whether something else stands where the names should, or nothing: then it is not known which there are. */
  readonly isUnknown: { readonly issuers: boolean; readonly upstreams: boolean };
  /** Whether the file has no such key at all: it may stand there misspelt. */
  readonly isAbsent: { readonly issuers: boolean };
  /** Undefined where something else stands in a route's place. */
  readonly routes: readonly (PartialRoute | undefined)[];
}

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

/** Each key by itself: a faulty one is left out, as an absent one is; what has a default gets it. */
function validKeys<T extends z.ZodObject>(schema: T, value: unknown): Partial<z.output<T>> {
  const valid: Record<string, unknown> = {};
  const shape: z.ZodRawShape = schema.shape;
  for (const [key, piece] of Object.entries(shape)) {
    const written = isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
    const result = z.safeParse(piece, written);
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
