/**
 * A caller that occupies upstream connections does not affect others: slow bodies, slow responses, tunnels.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGate, type TestGate } from '../support/gate.js';
import { openRaw, type RawClient } from '../support/raw.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from '../support/upstream.js';
import { WEBSOCKET, request } from '../support/wire-fixture.js';

const SLOW = 256;
const ATTACKER = 'X-Forwarded-For: 192.0.2.1';
const OTHERS = ['192.0.2.2', '192.0.2.3', '2001:db8::1'];
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const EVENTS = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

let issuer: TestIssuer;
let upstream: RawUpstream;
let gate: TestGate;
let clients: RawClient[] = [];

function answer({ head, socket, whole }: WireRequest): void {
  if (head.includes('/hangs')) return;
  if (head.includes('/events')) socket.write(EVENTS);
  else if (head.includes('/socket')) socket.write(SWITCH);
  else void whole.then(() => socket.write(OK));
}

beforeAll(async () => {
  [issuer, upstream] = await Promise.all([createTestIssuer(), startRawUpstream(answer)]);
  const targets = [upstream.origin];
  const route = (match: string, name: string) => ({
    match,
    upstream: name,
    public: true as const,
    limit: 'none' as const,
  });
  gate = await startGate({
    trust_proxy: ['127.0.0.1'],
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: {
      sized: { targets },
      scoped: { targets },
      few: { targets, max_connections: 4 },
      small: { targets, max_connections: 4 },
      hanging: { targets, max_connections: 16 },
      tunnels: { targets, max_connections: 2, max_tunnels: 16 },
    },
    routes: [
      route('* /sized/{path*}', 'sized'),
      route('* /few/{path*}', 'few'),
      route('* /small/{path*}', 'small'),
      route('* /hanging/{path*}', 'hanging'),
      route('* /tunnels/{path*}', 'tunnels'),
      { ...route('* /scoped/public', 'scoped') },
      { match: '* /scoped/{path*}', upstream: 'scoped', scope: 'read', limit: 'none' },
    ],
  });
});

afterAll(async () => {
  clients.forEach((client) => client.destroy());
  await gate.stop();
  await Promise.all([upstream.close(), issuer.close()]);
});

function open(count: number, line: string, fields: string[], rest = ''): RawClient[] {
  const opened = Array.from({ length: count }, () => openRaw(gate.port, request(line, fields, rest)));
  clients = [...clients, ...opened];
  return opened;
}

/** The share of a hundred requests of other callers that get a 200. */
async function unhurt(path: string, fields: Record<string, string> = {}): Promise<number> {
  let good = 0;
  const ask = async (caller: number): Promise<void> => {
    for (let i = 0; i < 10; i++) {
      const headers = { 'x-forwarded-for': OTHERS[caller % OTHERS.length]!, ...fields };
      const response = await fetch(`${gate.url}${path}`, { headers });
      await response.arrayBuffer();
      if (response.status === 200) good += 1;
    }
  };
  await Promise.all(Array.from({ length: 10 }, (_, caller) => ask(caller)));
  return good / 100;
}

describe('256 clients of one caller that send a body a byte at a time', () => {
  const token = () => `Authorization: Bearer ${issuer.sign({ scope: 'read', sub: 'attacker' })}`;

  it('leave at least 99 % of the requests of others unaffected, and get a 408 after the grace period', async () => {
    const slow = [
      ...open(SLOW, 'POST /sized/a', [ATTACKER, 'Content-Length: 100000'], 'a'),
      ...open(SLOW, 'POST /scoped/a', [ATTACKER, token(), 'Transfer-Encoding: chunked'], '1\r\na\r\n'),
    ];
    const begun = (path: string) =>
      upstream.requests.filter(({ head }) => head.startsWith(`POST ${path}`)).length;
    await until(() => ['/sized', '/scoped'].every((path) => begun(path) >= 200), 20_000);
    const other = `Bearer ${issuer.sign({ scope: 'read', sub: 'honest' })}`;
    const parts = await Promise.all([
      unhurt('/sized/b'),
      unhurt('/scoped/b', { authorization: other }),
      unhurt('/scoped/public'),
    ]);
    for (const part of parts) expect(part).toBeGreaterThanOrEqual(0.99);
    const statuses = await Promise.all(
      slow.map(async (client) => Number(/ (\d+)/.exec(await client.until(/^HTTP\/1\.1 \d+/))![1])),
    );
    // 503: those that waited for a connection until their timeout.
    expect(statuses.filter((status) => status !== 408 && status !== 503)).toEqual([]);
    expect(statuses.filter((status) => status === 408).length).toBeGreaterThan(2 * 200);
  }, 30_000);

  it('occupy at most half of the connections with small bodies', async () => {
    const begun = () => upstream.requests.filter(({ head }) => head.startsWith('POST /small/a')).length;
    open(64, 'POST /small/a', [ATTACKER, 'Content-Length: 100'], 'a');
    await until(() => begun() === 2);
    expect(await unhurt('/small/b')).toBe(1);
  });

  it('get no grace period while others wait for a scarce connection', async () => {
    const before = upstream.requests.length;
    const slow = open(4, 'POST /few/a', [ATTACKER, 'Content-Length: 100000'], 'a');
    await until(() => upstream.requests.length === before + 4);
    expect(await unhurt('/few/b')).toBe(1);
    await Promise.race(slow.map((client) => client.until(/^HTTP\/1\.1 408 /)));
  });
});

it('One caller with many pending requests leaves connections to others', async () => {
  open(64, 'GET /hanging/hangs', [ATTACKER]);
  await until(() => upstream.open.size >= 14);
  expect(await unhurt('/hanging/b')).toBe(1);
});

describe('WebSockets and event streams', () => {
  it('of one caller leave requests unaffected, and slots for those of others', async () => {
    const handshake = [...WEBSOCKET, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='];
    for (let i = 0; i < 7; i++) {
      await open(1, 'GET /tunnels/socket', [ATTACKER, ...handshake])[0]!.until('HTTP/1.1 101');
      await open(1, 'GET /tunnels/events', [ATTACKER])[0]!.until('data: 1');
    }
    await open(1, 'GET /tunnels/socket', [ATTACKER, ...handshake])[0]!.until('HTTP/1.1 503');
    await open(1, 'GET /tunnels/events', [ATTACKER])[0]!.until('HTTP/1.1 503');
    expect(await unhurt('/tunnels/b')).toBe(1);
    const other = `X-Forwarded-For: ${OTHERS[0]!}`;
    await open(1, 'GET /tunnels/socket', [other, ...handshake])[0]!.until('HTTP/1.1 101');
    const [events] = open(1, 'GET /tunnels/events', [`X-Forwarded-For: ${OTHERS[1]!}`]);
    await events!.until('data: 1');
    // A slot is free again when its tunnel has ended.
    events!.destroy();
    await until(async () => {
      const [again] = open(1, 'GET /tunnels/events', [`X-Forwarded-For: ${OTHERS[1]!}`]);
      return (await again!.until(/^HTTP\/1\.1 \d+/)).includes(' 200 ');
    });
  });
});
