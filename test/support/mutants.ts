/** Requests with something wrong: sound ones, changed by what is known of HTTP's grammar and then by chance alone. */
import { oneOf, type Dice } from './dice.js';
import { CHUNK_SIZES, CLAIMS, FRAMING, HIDDEN, METHODS, SPICE, TARGETS, VERSIONS } from './spellings.js';

/** A request taken apart; texts are latin1, so a character is a byte. */
interface Parts {
  start: string;
  fields: string[];
  body: string;
}

/** Stands for the mutant's number, by which a request that arrived can be traced to it. */
const NUMBER = '~number~';

type Change = (parts: Parts, dice: Dice) => void;

/** @param token of a caller who may use `/scoped/`; without it mutants would never get past the door there */
export function createMutants(token: string): (dice: Dice, index: number) => string {
  const seeds = seedsWith(token);
  return function mutant(dice, index) {
    const parts = taken(oneOf(dice, seeds));
    for (let left = dice(3); left > 0; left--) oneOf(dice, CHANGES)(parts, dice);
    let text = `${[parts.start, ...parts.fields].join('\r\n')}\r\n\r\n${parts.body}`;
    for (let left = dice(2); left > 0; left--) text = scratch(text, oneOf(dice, seeds), dice);
    return text.replaceAll(NUMBER, String(index));
  };
}

/** The bytes as so many packets, cut anywhere. */
export function cut(text: string, dice: Dice): string[] {
  const marks = Array.from({ length: dice(4) }, () => dice(text.length + 1)).sort((a, b) => a - b);
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
  (parts, dice) => put(parts, oneOf(dice, FRAMING), dice),
  (parts, dice) => put(parts, oneOf(dice, FRAMING), dice),
  (parts, dice) => put(parts, oneOf(dice, CLAIMS), dice),
  (parts, dice) => put(parts, oneOf(dice, parts.fields), dice),
  (parts, dice) => void parts.fields.splice(dice(parts.fields.length), 1),
  (parts, dice) => parts.fields.splice(dice(parts.fields.length), 1, oneOf(dice, FRAMING)),
  (parts, dice) => put(parts, `X-Huge: ${'a'.repeat(dice(20_000))}`, dice),
  (parts, dice) => {
    for (let left = dice(130); left > 0; left--) parts.fields.push(`X-${left}: a`);
  },
  // The marks of a field: a fold, a space before the colon, a control character in the value, another case.
  (parts, dice) => rewrite(parts, dice, (field) => field.replace(/: */, ':\r\n ')),
  (parts, dice) => rewrite(parts, dice, (field) => field.replace(':', ' :')),
  (parts, dice) => rewrite(parts, dice, (field) => `${field}${oneOf(dice, SPICE)}a`),
  (parts, dice) => rewrite(parts, dice, (field) => field.toUpperCase()),
  (parts, dice) => rewriteStart(parts, 0, oneOf(dice, METHODS)),
  (parts, dice) => rewriteStart(parts, 1, oneOf(dice, TARGETS)),
  (parts, dice) => rewriteStart(parts, 2, oneOf(dice, VERSIONS)),
  (parts, dice) => (parts.start = oneOf(dice, ['\r\n', ' ', '\n', '\0', '\r']) + parts.start),
  (parts, dice) => {
    parts.body = parts.body.replace(/^[\da-f]+(?=[;\r])/i, () => oneOf(dice, CHUNK_SIZES));
  },
  (parts, dice) => {
    parts.body = parts.body.replace(
      /0\r\n(?=[^]*$)/,
      () => `0\r\n${oneOf(dice, [...FRAMING, ...CLAIMS])}\r\n`,
    );
  },
];

/** One change that knows nothing of HTTP. */
function scratch(text: string, other: string, dice: Dice): string {
  const at = dice(text.length);
  const end = at + dice(12);
  switch (dice(8)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(dice(256)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + oneOf(dice, SPICE) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
      return text.slice(0, at) + other.slice(dice(other.length));
    case 5:
      return (
        text.slice(0, at) +
        text.slice(at).replace('\r\n', oneOf(dice, ['\n', '\r', '\r\r\n', '\r\n ', '\0\r\n']))
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

function put({ fields }: Parts, field: string, dice: Dice): void {
  fields.splice(dice(fields.length + 1), 0, field);
}

function rewrite({ fields }: Parts, dice: Dice, change: (field: string) => string): void {
  const at = dice(fields.length);
  if (fields[at] !== undefined) fields[at] = change(fields[at]);
}

function rewriteStart(parts: Parts, word: number, text: string): void {
  const words = parts.start.split(' ');
  words[word] = text;
  parts.start = words.join(' ');
}
