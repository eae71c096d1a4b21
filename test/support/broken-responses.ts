/**
 * How upstreams send broken responses: in the head, where a refusal is still possible, and in the body, where
 * it is too late.
 */
import type { Socket } from 'node:net';

/** Bytes that no response can be parsed from. */
export const BROKEN_HEADS: Readonly<Record<string, string>> = {
  'garbage instead of an answer': 'garbage\r\n\r\n',
  'both lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
  'two different lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
  'another transfer coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'a body of another coding that ends with the connection':
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx',
  'an unrequested change of protocol':
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw',
  'a bare 101': 'HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  'a status below 100': 'HTTP/1.1 042 Odd\r\nContent-Length: 0\r\n\r\n',
  'a header that is too large': `HTTP/1.1 200 OK\r\nX-Large: ${'x'.repeat(40_000)}\r\n\r\n`,
  'a header that does not end': `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(40_000)}`,
};

export interface BrokenBody {
  /** What follows the status line. */
  readonly text: string;
  /** What is sent some time later: libuv reports data with a reset in one packet as data with an end. */
  readonly then: (socket: Socket) => unknown;
}

const SIZED = 'Content-Length: 50\r\n\r\nhalf';
const CHUNKS = 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n';
const end = (socket: Socket): unknown => socket.end();
const reset = (socket: Socket): unknown => socket.resetAndDestroy();

/** Responses with a valid head. */
export const BROKEN_BODIES: Readonly<Record<string, BrokenBody>> = {
  'of a stated length ends early': { text: SIZED, then: end },
  'of a stated length is reset': { text: SIZED, then: reset },
  'in chunks ends early': { text: CHUNKS, then: end },
  'in chunks is reset': { text: CHUNKS, then: reset },
  'that ends with the connection is reset': { text: '\r\nhalf', then: reset },
  'in chunks goes on with none': { text: CHUNKS, then: (socket) => socket.write('nonsense\r\n') },
  'in chunks ends within a chunk': { text: CHUNKS.replace('4', '9'), then: end },
  'in chunks ends within its trailers': { text: `${CHUNKS}0\r\nX-Sum: 7\r\n`, then: end },
  'in chunks has trailers that are none': {
    text: CHUNKS,
    then: (socket) => socket.write('0\r\nno field\r\n\r\n'),
  },
};
