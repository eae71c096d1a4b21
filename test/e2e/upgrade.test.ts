/**
 * Tunnels: bytes are raw only after the upstream's own 101 to a WebSocket; before it they are never
 * forwarded.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRaw, type RawClient } from '../support/raw.js';
import { OPEN, pathOf, respondOk, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { until } from '../support/until.js';
import type { WireRequest } from '../support/upstream.js';
import { SMUGGLED, WEBSOCKET, get } from '../support/wire-fixture.js';

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\n';
const SWITCH = `${SWITCHING}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
const NO = 'Content-Length: 2\r\n\r\nno';
const TIMEOUT_MS = 400;

type Script = (request: WireRequest) => void;

const say =
  (text: string): Script =>
  ({ socket }) =>
    void socket.write(text);

/** Sent later, since together with the rest it would be one packet. */
const respondAndEnd =
  (text: string, how: 'end' | 'resetAndDestroy'): Script =>
  ({ socket }) => {
    socket.write(text);
    setTimeout(() => socket[how](), 30);
  };

/** What an upstream sends instead of a 101 to a WebSocket; the client's response, and the logged reason. */
const NO_TUNNEL: Record<string, [Script, status: number, reason: string | undefined]> = {
  'says 200': [say(`HTTP/1.1 200 OK\r\n${NO}`), 200, undefined],
  'says 200 with the fields of a 101': [
    say(`HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${NO}`),
    200,
    undefined,
  ],
  'says 403': [say(`HTTP/1.1 403 Forbidden\r\n${NO}`), 403, undefined],
  'says 426, offering the protocol': [
    say(`HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${NO}`),
    426,
    undefined,
  ],
  'gives hints, then says 403': [
    say(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 403 Forbidden\r\n${NO}`),
    403,
    undefined,
  ],
  'says 101 without a protocol': [say(`${SWITCHING}\r\n`), 502, 'upstream_broken'],
  'says 101 to another protocol': [say(SWITCH.replace('websocket', 'h2c')), 502, 'upstream_broken'],
  'says 101 to two protocols': [
    say(SWITCH.replace('\r\n\r\n', '\r\nUpgrade: h2c\r\n\r\n')),
    502,
    'upstream_broken',
  ],
  'says 101 with a field that is none': [
    say(SWITCH.replace('\r\n\r\n', '\r\nno field\r\n\r\n')),
    502,
    'upstream_broken',
  ],
  'says half of a 101 and ends': [respondAndEnd(SWITCHING, 'end'), 502, 'upstream_broken'],
  'says half of a 101 and resets': [respondAndEnd(SWITCHING, 'resetAndDestroy'), 502, 'upstream_broken'],
  'says half of a 101 and no more': [say(SWITCHING), 504, 'upstream_timeout'],
  'says what is no HTTP': [say('garbage\r\n\r\n'), 502, 'upstream_broken'],
  'says nothing': [() => undefined, 504, 'upstream_timeout'],
  'says 101 too late': [
    ({ socket }) => void setTimeout(() => socket.destroyed || socket.write(SWITCH), 2 * TIMEOUT_MS),
    504,
    'upstream_timeout',
  ],
};

const cases = Object.entries(NO_TUNNEL);
const clients: RawClient[] = [];
let switchNow: () => unknown = () => undefined;
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startScriptedFixture(
    OPEN,
    (asked) => {
      const [, script] = cases[Number(/^\/no\/(\d+)$/.exec(pathOf(asked))?.[1])] ?? [];
      if (script) script[0](asked);
      else if (pathOf(asked) === '/ws') switchNow = () => asked.socket.write(`${SWITCH}from behind`);
      else respondOk(asked);
    },
    { timeout: `${TIMEOUT_MS}ms`, retries: 0, ejection: false },
  );
});

afterAll(() => fixture.close());

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await fixture.settle();
  expect((await fixture.talk(get('/well'))).responses[0]?.body).toBe('ok');
});

function open(bytes: string): RawClient {
  const client = openRaw(fixture.gate.port, bytes);
  clients.push(client);
  return client;
}

describe('Where the upstream', () => {
  it.each(cases.map(([what, [, status, reason]], index) => ({ what, index, status, reason })))(
    '$what, there is no tunnel: one response, and no byte sent before or after it arrives',
    async ({ index, status, reason }) => {
      const { requests, received } = fixture.upstream;
      const before = { requests: requests.length, records: fixture.gate.records.length };
      const client = open(get(`/no/${index}`, ...WEBSOCKET) + SMUGGLED);
      await until(() => requests.length > before.requests);
      client.send('raw bytes, ahead');
      await client.until(new RegExp(`HTTP/1\\.1 ${status} [^]*(no|\\]\\})$`));
      if (!client.socket.destroyed) client.send(`raw bytes, behind${SMUGGLED}`);
      await client.ended;
      await fixture.settle();
      const finals = client.text().match(/HTTP\/1\.1 [2-5]\d\d/g);
      expect(finals).toEqual([`HTTP/1.1 ${status}`]);
      expect(client.text()).not.toContain(' 101 ');
      expect(requests).toHaveLength(before.requests + 1);
      expect(received.join('')).not.toMatch(/smuggled|raw bytes/);
      expect(fixture.gate.records.slice(before.records)).toMatchObject([{ status, reason }]);
      await until(() => requests[before.requests]!.socket.destroyed || status < 500);
    },
  );
});

describe('An upstream that sends a 101', () => {
  it('gets early bytes only then, exactly and once, and the client gets those that follow the 101', async () => {
    const before = fixture.upstream.requests.length;
    const client = open(get('/ws', ...WEBSOCKET) + SMUGGLED);
    await until(() => fixture.upstream.requests.length > before);
    client.send('more');
    const { head, socket } = fixture.upstream.requests[before]!;
    const sofar = (): string => {
      const text = fixture.upstream.received.find((each) => each.includes(head)) ?? '';
      return text.slice(text.indexOf(head));
    };
    // Long enough for it to arrive, were it forwarded.
    await sleep(50);
    expect(sofar()).toBe(`${head}\r\n\r\n`);
    switchNow();
    await client.until(/101 [^]*\r\n\r\nfrom behind$/);
    await until(() => sofar() === `${head}\r\n\r\n${SMUGGLED}more`);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    await client.until(/from behindHTTP\/1\.1 200 OK\r\n\r\n$/);
    expect(fixture.upstream.requests).toHaveLength(before + 1);
  });

  it('to a request that asked for no WebSocket causes a 502, and bytes after it are never forwarded', async () => {
    const { records } = fixture.gate;
    const before = { requests: fixture.upstream.requests.length, records: records.length };
    const client = open(get('/ws'));
    await until(() => fixture.upstream.requests.length > before.requests);
    switchNow();
    await client.until(/^HTTP\/1\.1 502 [^]*\]\}$/);
    client.send(get('/well'));
    await client.until(/ok$/);
    expect(client.text()).not.toContain('from behind');
    await until(() => records.length >= before.records + 2);
    expect(records.slice(before.records)).toMatchObject([{ reason: 'upstream_broken' }, { status: 200 }]);
  });
});
