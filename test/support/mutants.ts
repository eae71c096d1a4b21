/** Invalid requests: valid ones, mutated by rules of HTTP's grammar and then at random. */
import { pick, type Prng } from './prng.js';
import { CHUNK_SIZES, CLAIMS, FRAMING, HIDDEN, METHODS, SPICE, TARGETS, VERSIONS } from './spellings.js';

/** A parsed request; texts are latin1, so a character is a byte. */
interface Parts {
  start: string;
  fields: string[];
  body: string;
}

/** Placeholder for the mutant's number, which identifies a request that arrived. */
const NUMBER = '~number~';

type Change = (parts: Parts, prng: Prng) => void;

/** @param token of a caller who may use `/scoped/`; without it every mutant would be refused there */
export function createMutants(token: string): (prng: Prng, index: number) => string {
  const seeds = seedsWith(token);
  return function mutant(prng, index) {
    const parts = taken(pick(prng, seeds));
    for (let left = prng(3); left > 0; left--) pick(prng, CHANGES)(parts, prng);
    let text = `${[parts.start, ...parts.fields].join('\r\n')}\r\n\r\n${parts.body}`;
    for (let left = prng(2); left > 0; left--) text = scratch(text, pick(prng, seeds), prng);
    return text.replaceAll(NUMBER, String(index));
  };
}

/** The bytes as so many packets, cut anywhere. */
export function cut(text: string, prng: Prng): string[] {
  const marks = Array.from({ length: prng(4) }, () => prng(text.length + 1)).sort((a, b) => a - b);
  return [...marks, text.length].map((mark, i) => text.slice(marks[i - 1] ?? 0, mark)).filter(Boolean);
}

function seedsWith(token: string): string[] {
  const request = (start: string, fields: readonly string[] = [], body = ''): string =>
    [`${start} HTTP/1.1`, 'Host: gate.test', `X-Mutant: ${NUMBER}`, ...fields, '', body].join('\r\n');
  const mine = `Authorization: Bearer ${token}`;
  const forged = ['X-App-Id: admin', 'x_app_name: root', 'X-Token-Scopes: *', 'Connection: X-App-Id'];
  return [
    request('GET /open/a?b=c', ['X-Mine: a']),
    request('GET /open/%7Ea/b%20c?d=%2e%2e/&e', ['Accept: */*', 'Connection: keep-alive']),
    request('HEAD /open/a'),
    request('GET /scoped/a', [mine, ...forged]),
    request('POST /scoped/a', [mine, 'Content-Length: 5'], 'abcde'),
    request('GET /scoped/a', ['Authorization: Bearer eyJhbGciOiJub25lIn0.e30.']),
    request('GET /open/a', [...forged, 'X-Forwarded-For: 8.8.8.8', 'X-Request-Id: mine']),
    request('POST /open/a', ['Content-Length: 5'], 'abcde'),
    request('PUT /open/early', ['Content-Length: 900'], 'a'.repeat(900)),
    request('POST /open/a', [CHUNKED], '5;x=y\r\nabcde\r\n0\r\n\r\n'),
    request('DELETE /open/a', [CHUNKED, 'Trailer: X'], '0\r\nX: a\r\n\r\n'),
    request('POST /open/a', [CHUNKED], `${HIDDEN.length.toString(16)}\r\n${HIDDEN}\r\n0\r\n\r\n`),
    request('POST /open/a', ['Expect: 100-continue', 'Content-Length: 3'], 'abc'),
    request('GET /open/ws', [...WEBSOCKET, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']),
    request('GET /open/a', ['Connection: Upgrade', 'Upgrade: h2c'], request('GET /open/b')),
    request('GET http://gate.test/open/a'),
    request('OPTIONS *', ['Origin: https://a.test', 'Access-Control-Request-Method: GET']),
    request('CONNECT gate.test:80'),
    'GET /open/..%2fscoped/a HTTP/1.0\r\nHost: gate.test\r\nConnection: keep-alive\r\n\r\n',
    request('GET /open/one') +
      request('POST /open/two', ['Content-Length: 2'], 'ab') +
      request('GET /open/three'),
  ];
}

const CHUNKED = 'Transfer-Encoding: chunked';
const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const CHANGES: readonly Change[] = [
  (parts, prng) => put(parts, pick(prng, FRAMING), prng),
  (parts, prng) => put(parts, pick(prng, FRAMING), prng),
  (parts, prng) => put(parts, pick(prng, CLAIMS), prng),
  (parts, prng) => put(parts, pick(prng, parts.fields), prng),
  (parts, prng) => void parts.fields.splice(prng(parts.fields.length), 1),
  (parts, prng) => parts.fields.splice(prng(parts.fields.length), 1, pick(prng, FRAMING)),
  (parts, prng) => put(parts, `X-Huge: ${'a'.repeat(prng(20_000))}`, prng),
  (parts, prng) => {
    for (let left = prng(130); left > 0; left--) parts.fields.push(`X-${left}: a`);
  },
  // The forms of a field: a fold, a space before the colon, a control character in the value, another case.
  (parts, prng) => rewrite(parts, prng, (field) => field.replace(/: */, ':\r\n ')),
  (parts, prng) => rewrite(parts, prng, (field) => field.replace(':', ' :')),
  (parts, prng) => rewrite(parts, prng, (field) => `${field}${pick(prng, SPICE)}a`),
  (parts, prng) => rewrite(parts, prng, (field) => field.toUpperCase()),
  (parts, prng) => rewriteStart(parts, 0, pick(prng, METHODS)),
  (parts, prng) => rewriteStart(parts, 1, pick(prng, TARGETS)),
  (parts, prng) => rewriteStart(parts, 2, pick(prng, VERSIONS)),
  (parts, prng) => (parts.start = pick(prng, ['\r\n', ' ', '\n', '\0', '\r']) + parts.start),
  (parts, prng) => {
    parts.body = parts.body.replace(/^[\da-f]+(?=[;\r])/i, () => pick(prng, CHUNK_SIZES));
  },
  (parts, prng) => {
    parts.body = parts.body.replace(
      /0\r\n(?=[^]*$)/,
      () => `0\r\n${pick(prng, [...FRAMING, ...CLAIMS])}\r\n`,
    );
  },
];

/** One random change of the bytes. */
function scratch(text: string, other: string, prng: Prng): string {
  const at = prng(text.length);
  const end = at + prng(12);
  switch (prng(8)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(prng(256)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + pick(prng, SPICE) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
      return text.slice(0, at) + other.slice(prng(other.length));
    case 5:
      return (
        text.slice(0, at) +
        text.slice(at).replace('\r\n', pick(prng, ['\n', '\r', '\r\r\n', '\r\n ', '\0\r\n']))
      );
    case 6:
      return other + text;
    default:
      return text + other;
  }
}

function taken(text: string): Parts {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...fields] = text.slice(0, end).split('\r\n');
  return { start, fields, body: text.slice(end + 4) };
}

function put({ fields }: Parts, field: string, prng: Prng): void {
  fields.splice(prng(fields.length + 1), 0, field);
}

function rewrite({ fields }: Parts, prng: Prng, change: (field: string) => string): void {
  const at = prng(fields.length);
  if (fields[at] !== undefined) fields[at] = change(fields[at]);
}

function rewriteStart(parts: Parts, word: number, text: string): void {
  const words = parts.start.split(' ');
  words[word] = text;
  parts.start = words.join(' ');
}
