/** Reads the text of an OpenAPI document, YAML or JSON, within bounds. */
import { parseJson } from '../model/json.js';
import { hasDuplicateKeys } from '../shared/duplicate-keys.js';
import { DocumentError } from './document-error.js';
import { parseYaml } from './yaml.js';

/** The largest document, in bytes. The largest published ones have about 15 MiB. */
export const MAX_BYTES = 32 * 1024 * 1024;

/** A map of a document. */
export type Fields = Readonly<Record<string, unknown>>;

/** Returns whether a value is a map. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a field of a map; undefined for what is no map, and for what only its prototype has. */
export function fieldOf(value: unknown, name: string): unknown {
  return isFields(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/**
 * Reads a document and checks that it is OpenAPI 3.0, 3.1 or 3.2 with paths.
 * @param bytes UTF-8, at most `MAX_BYTES`
 * @throws DocumentError that says what to do
 */
export function readDocument(bytes: Uint8Array): Fields {
  if (bytes.length > MAX_BYTES)
    throw new DocumentError(`the document has more than ${MAX_BYTES / 1024 / 1024} MiB; split it`);
  const value = parse(decode(bytes));
  if (!isFields(value))
    throw new DocumentError('the document is not a map; an OpenAPI document begins with "openapi: 3.1.0"');
  if (Object.hasOwn(value, 'swagger')) {
    throw new DocumentError(
      'the document is Swagger 2.0; convert it to OpenAPI 3 first, for example with the npm package swagger2openapi',
    );
  }
  const version = fieldOf(value, 'openapi');
  if (version === undefined)
    throw new DocumentError('the document has no "openapi" field, so it is no OpenAPI document');
  if (!/^3\.[012](?:\.|$)/.test(versionText(version)))
    throw new DocumentError(`"openapi" is ${JSON.stringify(version)}; it must be 3.0, 3.1 or 3.2`);
  if (!isFields(fieldOf(value, 'paths')))
    throw new DocumentError('the document has no "paths", so there is nothing to import');
  return value;
}

/** YAML reads `3.0` without quotes as the number 3. */
function versionText(version: unknown): string {
  if (typeof version === 'number') return version.toFixed(1);
  return typeof version === 'string' ? version : '';
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DocumentError('the document is not UTF-8');
  }
}

function parse(text: string): unknown {
  if (!/^\s*\{/.test(text)) return parseYaml(text);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    // A YAML document can begin with a brace too; if it is neither, YAML's error has a line and a column.
    return parseYaml(text);
  }
  if (hasDuplicateKeys(text))
    throw new DocumentError(
      'the document has an object with the same key twice, which readers read differently',
    );
  return value;
}
