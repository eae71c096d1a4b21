/** For tests of request framing: builders of raw requests, and what the upstream received of them. */
import type { Dialogue } from './dialogue.js';
import { pathOf, startFixture, type Fixture } from './fixture.js';
import type { WireRequest } from './upstream.js';

export interface Observation extends Dialogue {
  readonly statuses: readonly number[];
  /** The paths and requests that the upstream received. */
  readonly paths: readonly string[];
  readonly requests: readonly WireRequest[];
}

export interface WireFixture extends Fixture {
  /** Sends the bytes, waits for so many responses, and returns what the upstream received meanwhile. */
  readonly seen: (bytes: string, responses?: number) => Promise<Observation>;
}

/** The delay of the upstream for `/slow`. */
export const SLOW_MS = 150;
/** For a response that must not come. */
const PATIENCE_MS = 1500;

export async function startWireFixture(): Promise<WireFixture> {
  const fixture = await startFixture(
    { routes: [{ match: '* /{path*}', upstream: 'behind', public: true, max_body: '1mb' }] },
    answer,
  );
  return {
    ...fixture,
    async seen(bytes, responses = 1) {
      const before = fixture.upstream.requests.length;
      const dialogue = await fixture.talk(bytes, { responses, timeoutMs: PATIENCE_MS });
      await fixture.settle();
      const requests = fixture.upstream.requests.slice(before);
      return {
        ...dialogue,
        statuses: dialogue.responses.map(({ status }) => status),
        paths: requests.map(pathOf),
        requests,
      };
    },
  };
}

/** More than the buffers of a connection hold. */
export const LARGE_BYTES = 4_000_000;

/**
 * Returns its path; `/slow` is delayed, `/large` has a large body, `/ws` becomes a WebSocket if requested,
 * `/unasked` if not requested.
 */
function answer(asked: WireRequest): void {
  const { head, socket } = asked;
  const path = pathOf(asked);
  const isUpgrade = /^upgrade: websocket/im.test(head);
  const text = `HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`;
  if (path === '/slow') {
    setTimeout(() => socket.write(text), SLOW_MS);
  } else if ((path === '/ws' && isUpgrade) || path === '/unasked') {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  } else if (path === '/large') {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${LARGE_BYTES}\r\n\r\n${'a'.repeat(LARGE_BYTES)}`);
  } else if (path === '/refused') {
    socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  } else {
    socket.write(text);
  }
}

export function request(line: string, fields: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: gate.test', ...fields, '', body].join('\r\n');
}

export function get(path: string, ...fields: string[]): string {
  return request(`GET ${path}`, fields);
}

export const CHUNKED = 'Transfer-Encoding: chunked';
export const WEBSOCKET = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
export const H2C = [
  'Connection: Upgrade, HTTP2-Settings',
  'Upgrade: h2c',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
];
/** What an attacker wants the upstream to read as a request of its own. */
export const SMUGGLED = get('/smuggled');
