/** Parses `multipart/form-data` (RFC 7578) with busboy, within strict limits: fields only, few and small. */
import busboy from 'busboy';
import { isText, type Pairs } from './form.js';

const MAX_FIELDS = 64;
const MAX_FIELD_BYTES = 8 * 1024;

/** The character that a decoder inserts for invalid bytes. */
const REPLACEMENT = '\uFFFD';

/**
 * Parses a body. Never rejects.
 *
 * @param contentType the whole field, with its boundary
 * @returns undefined if the body is malformed or incomplete, has a file, or exceeds the limits
 */
export function parseMultipart(contentType: string, body: Buffer): Promise<Pairs | undefined> {
  const parser = createParser(contentType);
  if (parser === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const pairs: (readonly [string, string])[] = [];
    const fail = (): void => {
      resolve(undefined);
      parser.destroy();
    };
    parser.on('field', (name: unknown, value: unknown, { valueTruncated }) => {
      if (valueTruncated || !isDecoded(name) || !isDecoded(value)) fail();
      else pairs.push([name, value]);
    });
    parser.on('filesLimit', fail).on('fieldsLimit', fail).on('partsLimit', fail);
    parser.on('error', () => resolve(undefined));
    parser.on('close', () => resolve(pairs));
    parser.end(body);
  });
}

function createParser(contentType: string): busboy.Busboy | undefined {
  try {
    return busboy({
      headers: { 'content-type': contentType },
      // Names are UTF-8 like values. busboy's default for them is latin1.
      defParamCharset: 'utf8',
      // busboy reports the limit of parts when it is reached, not when it is exceeded.
      limits: { files: 0, fields: MAX_FIELDS, parts: MAX_FIELDS + 1, fieldSize: MAX_FIELD_BYTES },
    });
  } catch {
    return undefined;
  }
}

/** A part may have no name, and a value in an unknown charset is undefined. */
function isDecoded(value: unknown): value is string {
  return typeof value === 'string' && isText(value) && !value.includes(REPLACEMENT);
}
