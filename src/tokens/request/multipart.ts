/** Reads `multipart/form-data` with busboy, within hard limits: fields only, few and small ones (RFC 7578). */
import busboy from 'busboy';
import { isText, type Pairs } from './form.js';

const MAX_FIELDS = 64;
const MAX_FIELD_BYTES = 8 * 1024;

/** What a decoder puts in place of bytes that are no text. */
const REPLACEMENT = '\uFFFD';

/**
 * @param contentType the whole field, with its boundary
 * @returns undefined where the body is malformed, ends too early, holds a file, or is beyond the limits
 */
export function parseMultipart(contentType: string, body: Buffer): Promise<Pairs | undefined> {
  const parser = createParser(contentType);
  if (parser === undefined) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const pairs: (readonly [string, string])[] = [];
    const refuse = (): void => {
      resolve(undefined);
      parser.destroy();
    };
    parser.on('field', (name: unknown, value: unknown, { valueTruncated }) => {
      if (valueTruncated || !isDecoded(name) || !isDecoded(value)) refuse();
      else pairs.push([name, value]);
    });
    parser.on('filesLimit', refuse).on('fieldsLimit', refuse).on('partsLimit', refuse);
    parser.on('error', () => resolve(undefined));
    parser.on('close', () => resolve(pairs));
    parser.end(body);
  });
}

function createParser(contentType: string): busboy.Busboy | undefined {
  try {
    return busboy({
      headers: { 'content-type': contentType },
      // Names are text as values are: busboy's own default for them is latin1.
      defParamCharset: 'utf8',
      // The limit of parts is told when it is reached, not when it is passed.
      limits: { files: 0, fields: MAX_FIELDS, parts: MAX_FIELDS + 1, fieldSize: MAX_FIELD_BYTES },
    });
  } catch {
    return undefined;
  }
}

/** A part may have no name, and a value in an unknown charset is none. */
function isDecoded(value: unknown): value is string {
  return typeof value === 'string' && isText(value) && !value.includes(REPLACEMENT);
}
