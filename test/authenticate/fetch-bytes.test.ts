/**
 * A JWKS as real servers send it: compressed, with a byte order mark, and only to clients with a User-Agent.
 */
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { VERSION } from '../../src/model/version.js';
import { SILENT } from './support.js';
import { find, issuer, openKeySet, useFakeTime } from './fake-time.js';

useFakeTime();

const MIB = 1024 * 1024;

/** The result of fetching a document sent as these bytes with this Content-Encoding. */
async function read(encode: (text: string) => Buffer, coding?: string, filler = 0): Promise<string> {
  const reasons: string[] = [];
  const text = JSON.stringify({ ...issuer.jwks, ...(filler > 0 && { filler: 'x'.repeat(filler) }) });
  issuer.breakWith((_request, response) => {
    response.writeHead(200, coding === undefined ? {} : { 'content-encoding': coding }).end(encode(text));
  });
  const log = {
    ...SILENT,
    warn: (fields: object) => void reasons.push((fields as { reason: string }).reason),
  };
  const found = await find(openKeySet(issuer.model(), log));
  return reasons[0] ?? found;
}

const plain = (text: string): Buffer => Buffer.from(text);

it.each<[string, (text: string) => Buffer, string | undefined]>([
  ['with a byte order mark', (text) => plain(`\uFEFF${text}`), undefined],
  ['as gzip', (text) => gzipSync(text), 'gzip'],
  ['as x-gzip', (text) => gzipSync(text), 'X-GZIP'],
  ['as deflate', (text) => deflateSync(text), 'deflate'],
  ['as bare deflate', (text) => deflateRawSync(text), 'deflate'],
  ['as br', (text) => brotliCompressSync(text), 'br'],
  ['as gzip with a byte order mark', (text) => gzipSync(`\uFEFF${text}`), 'gzip'],
  ['as gzip within br', (text) => brotliCompressSync(gzipSync(text)), 'gzip, br'],
  ['as identity', plain, 'identity'],
])('a JWKS is read %s', async (_how, encode, coding) => {
  expect(await read(encode, coding)).toBe('found');
});

it('a JWKS of nearly 1 MiB is read, compressed or not', async () => {
  expect(await read(plain, undefined, MIB - 1024)).toBe('found');
  expect(await read((text) => gzipSync(text), 'gzip', MIB - 1024)).toBe('found');
});

it.each<[string, (text: string) => Buffer, string, string]>([
  ['is gzip and does not say so', (text) => gzipSync(text), 'identity', 'is not JSON'],
  ['says gzip and is not', plain, 'gzip', 'is not encoded as it says'],
  ['says br and is not', plain, 'br', 'is not encoded as it says'],
  ['is cut off', (text) => gzipSync(text).subarray(0, -12), 'gzip', 'is not encoded as it says'],
  ['has a coding that nobody knows', plain, 'zstd', 'has an unknown content coding'],
  ['has three codings', plain, 'gzip, gzip, gzip', 'has too many content codings'],
])('a JWKS that %s is rejected', async (_what, encode, coding, reason) => {
  expect(await read(encode, coding)).toBe(reason);
});

it.each<[string, (text: string) => Buffer, string]>([
  ['gzip', (text) => gzipSync(text), 'gzip'],
  ['br', (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), 'br'],
  ['gzip within gzip', (text) => gzipSync(gzipSync(text)), 'gzip, gzip'],
])('a bomb in %s stops at 1 MiB', async (_what, encode, coding) => {
  let sent = 0;
  const counted = (text: string): Buffer => {
    const bytes = encode(text);
    sent = bytes.length;
    return bytes;
  };
  expect(await read(counted, coding, 8 * MIB)).toBe('is too large');
  expect(sent).toBeLessThan(MIB / 32);
});

it('every fetch sends a User-Agent', async () => {
  let fields: NodeJS.Dict<string | string[]> = {};
  issuer.breakWith((request, response) => {
    fields = request.headers;
    response.end(JSON.stringify(issuer.jwks));
  });
  expect(await find(openKeySet())).toBe('found');
  expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
  expect(fields).toMatchObject({
    'user-agent': `tollgate/${VERSION}`,
    'accept-encoding': 'gzip, deflate, br',
  });
});
