import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { jsonSchema } from '../../src/config/config.js';

interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const COMMITTED = 'config/gateway.schema.json';
const schema = jsonSchema() as Schema;

describe('the JSON Schema for editors', () => {
  it('is equal to the committed file, byte for byte', () => {
    expect(readFileSync(COMMITTED, 'utf8')).toBe(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  });

  it('describes every key', () => {
    expect(undescribed(schema, 'file')).toEqual([]);
  });

  it('knows every key of the example', () => {
    const example: unknown = parse(readFileSync('test/fixtures/config/example.yaml', 'utf8'));
    expect(unknownKeys(example, [schema], 'file')).toEqual([]);
  });

  it('refuses unknown keys', () => {
    expect(schema.additionalProperties).toBe(false);
    expect(unknownKeys({ routes: [{ scope_key: 1 }] }, [schema], 'file')).toEqual([
      'file.routes.0.scope_key',
    ]);
  });
});

function branches(one: Schema): readonly Schema[] {
  return [one, ...(one.anyOf ?? []).flatMap(branches)];
}

function undescribed(one: Schema, path: string): string[] {
  return branches(one).flatMap((branch) => [
    ...Object.entries(branch.properties ?? {}).flatMap(([key, value]) => [
      ...(value.description === undefined ? [`${path}.${key}`] : []),
      ...undescribed(value, `${path}.${key}`),
    ]),
    ...(typeof branch.additionalProperties === 'object'
      ? undescribed(branch.additionalProperties, `${path}.*`)
      : []),
    ...(branch.items ? undescribed(branch.items, `${path}[]`) : []),
  ]);
}

/** The keys of a value that none of the alternative schemas has. */
function unknownKeys(value: unknown, schemas: readonly Schema[], path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const all = schemas.flatMap(branches);
  return Object.entries(value).flatMap(([key, each]) => {
    const next = all.flatMap((one): Schema[] => {
      if (Array.isArray(value)) return one.items ? [one.items] : [];
      const property = one.properties?.[key];
      if (property) return [property];
      return typeof one.additionalProperties === 'object' ? [one.additionalProperties] : [];
    });
    return next.length ? unknownKeys(each, next, `${path}.${key}`) : [`${path}.${key}`];
  });
}
