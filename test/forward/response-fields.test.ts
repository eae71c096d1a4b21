import { expect, it } from 'vitest';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startRawUpstream, type RawUpstream } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge, type EdgeOptions } from './edge.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';
const UPGRADE =
  'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n';

async function responding(
  text: string,
  options: EdgeOptions = {},
): Promise<{ edge: Edge; upstream: RawUpstream }> {
  const upstream = keep(await startRawUpstream(({ socket }) => socket.write(text, 'latin1')));
  return { upstream, edge: keep(await startEdge(upstream.origin, options)) };
}

/** Two lines of each field that the gateway itself reads, as an upstream could send them. */
const DOUBLED: Readonly<Record<string, string>> = {
  'Content-Type': 'Content-Type: text/plain\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nok',
  Connection: 'Connection: X-One\r\nX-One: 1\r\nConnection: X-Two\r\nX-Two: 2\r\nContent-Length: 2\r\n\r\nok',
  Upgrade: 'Upgrade: h2c\r\nUpgrade: h3\r\nContent-Length: 2\r\n\r\nok',
  'Keep-Alive': 'Keep-Alive: timeout=9\r\nKeep-Alive: max=5\r\nContent-Length: 2\r\n\r\nok',
  Trailer:
    'Trailer: A\r\nTrailer: B\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: 1\r\nB: 2\r\n\r\n',
  Date: 'Date: then\r\nDate: now\r\nContent-Length: 2\r\n\r\nok',
  'Content-Disposition':
    'Content-Disposition: inline\r\nContent-Disposition: attachment\r\nContent-Length: 2\r\n\r\nok',
  'Last-Modified': 'Last-Modified: a\r\nLast-Modified: b\r\nContent-Length: 2\r\n\r\nok',
};
const ENDS_AT_THE_GATE = new Set(['Connection', 'Upgrade', 'Keep-Alive']);

for (const [name, text] of Object.entries(DOUBLED)) {
  it(`A response with two ${name} fields is forwarded unchanged`, async () => {
    const { edge } = await responding(`HTTP/1.1 200 OK\r\n${text}`);
    const response = await exchangeRaw(edge.port, GET);
    expect(response).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*ok/);
    const lines = text.match(new RegExp(`^${name}: .*\r\n`, 'gm')) ?? [];
    expect(lines).toHaveLength(2);
    if (ENDS_AT_THE_GATE.has(name)) expect(response).not.toMatch(/h2c|h3|timeout=9|max=5|X-One|X-Two/);
    else expect(response).toContain(name === 'Connection' ? '' : lines[0]);
    if (!ENDS_AT_THE_GATE.has(name)) expect(response).toContain(lines[1]);
    expect(await edge.result(0)).toMatchObject({ status: 200, fault: undefined });
  });
}

it('A trailer under a name that the route sets or removes is dropped, others pass', async () => {
  const responseHeaders = { set: [['X-Set', 'own'] as const], replaced: new Set(['x-set', 'x-gone']) };
  const { edge } = await responding(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Gone: 1\r\n\r\n' +
      '2\r\nok\r\n0\r\nX-SET: 2\r\nx-gone: 3\r\nX-Kept: 4\r\n\r\n',
    { route: { responseHeaders } },
  );
  const response = await exchangeRaw(edge.port, GET);
  expect(response).toMatch(/\r\n0\r\nX-Kept: 4\r\n\r\n$/);
  expect(response.match(/x-(?:set|gone).*/gi)).toEqual(['X-Set: own']);
});

it('Two fields of a transfer coding are one list, and only chunked can be forwarded', async () => {
  for (const codings of ['gzip\r\nTransfer-Encoding: chunked', 'chunked\r\nTransfer-Encoding: chunked']) {
    const { edge } = await responding(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${codings}\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    );
    expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 502 /);
  }
});

it('A response with one event-stream type of several is an event stream: it outlives the idle timeout of a body', async () => {
  const { edge } = await responding(
    'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: Text/Event-Stream\r\nContent-Length: 4\r\n\r\n',
    { upstream: { idleTimeoutMs: 40, tunnelIdleMs: 5000 } },
  );
  const client = openRaw(edge.port, GET);
  await client.until('\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 120));
  expect(edge.results).toHaveLength(0);
});

it('A 101 with two Upgrade and two Connection fields opens the tunnel', async () => {
  const { edge } = await responding(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: X-Hop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Upgrade: WebSocket\r\nX-Hop: 1\r\n\r\nhello',
  );
  const client = openRaw(edge.port, UPGRADE);
  const text = await client.until(/\r\n\r\nhello$/);
  expect(text).toMatch(/^HTTP\/1.1 101 /);
  expect(text).not.toMatch(/x-hop/i);
});

/** Bytes that are UTF-8, and bytes that are not. */
const BYTES = { 'UTF-8': 'na\xc3\xafve', latin1: 'na\xefve' };
const DISPOSITION = (name: string): string => `Content-Disposition: attachment; filename="${name}.pdf"\r\n`;

for (const [coding, name] of Object.entries(BYTES)) {
  const fields = `X-Name: ${name}\r\n${DISPOSITION(name)}`;
  const ways: Readonly<Record<string, readonly [head: string, body: string]>> = {
    'with a length before': [`Content-Length: 4\r\n${fields}`, 'body'],
    'with a length behind': [`${fields}Content-Length: 4\r\n`, 'body'],
    'in chunks, with a trailer': [
      `${fields}Transfer-Encoding: chunked\r\n`,
      `4\r\nbody\r\n0\r\nX-Sum: ${name}\r\n\r\n`,
    ],
    'until the connection ends': [fields, 'body'],
  };
  for (const [way, [head, body]] of Object.entries(ways)) {
    for (const waitMs of [0, 50]) {
      it(`Fields in ${coding} pass byte for byte, ${way}, the body ${waitMs} ms later`, async () => {
        const upstream = keep(
          await startRawUpstream(({ socket }) => {
            const finish = (): void => {
              socket.write(body, 'latin1');
              if (way.startsWith('until')) socket.end();
            };
            socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n`, 'latin1');
            if (waitMs === 0) finish();
            else setTimeout(finish, waitMs);
          }),
        );
        const edge = keep(await startEdge(upstream.origin));
        const response = await exchangeRaw(edge.port, GET);
        expect(response).toMatch(/^HTTP\/1.1 200 OK\r\n/);
        expect(response).toContain(`X-Name: ${name}\r\n`);
        expect(response).toContain(DISPOSITION(name));
        expect(response).toContain('body');
        if (body.includes('X-Sum')) expect(response).toContain(`\r\nX-Sum: ${name}\r\n`);
      });
    }
  }

  it(`Fields in ${coding} pass byte for byte in an interim response, a 101, a HEAD, a 204 and a 304`, async () => {
    const field = `X-Name: ${name}\r\n`;
    const early = `HTTP/1.1 103 Early Hints\r\n${field}\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`;
    const cases: readonly (readonly [response: string, request: string])[] = [
      [early, GET],
      [
        `HTTP/1.1 200 OK\r\nContent-Length: 4\r\n${DISPOSITION(name)}${field}\r\n`,
        GET.replace('GET', 'HEAD'),
      ],
      [`HTTP/1.1 204 No Content\r\n${DISPOSITION(name)}${field}\r\n`, GET],
      [`HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n${DISPOSITION(name)}${field}\r\n`, GET],
    ];
    for (const [text, request] of cases) {
      const { edge } = await responding(text);
      const response = await exchangeRaw(edge.port, request);
      expect(response).toContain(field);
      if (text.includes('Disposition')) expect(response).toContain(DISPOSITION(name));
    }
    const { edge } = await responding(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${field}\r\n`,
    );
    expect(await openRaw(edge.port, UPGRADE).until('\r\n\r\n')).toContain(field);
  });

  it(`A reason phrase and the fields of a request in ${coding} pass byte for byte`, async () => {
    const reason = coding === 'UTF-8' ? name : '';
    const { edge, upstream } = await responding(`HTTP/1.1 200 ${reason}\r\nContent-Length: 2\r\n\r\nok`);
    for (const body of [
      '\r\n',
      'Content-Length: 2\r\n\r\nhi',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    ]) {
      const request = `POST /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nX-Name: ${name}\r\n${body}`;
      expect(await exchangeRaw(edge.port, request)).toContain(`HTTP/1.1 200 ${reason}\r\n`);
      const { head } = upstream.requests.at(-1)!;
      expect(head).toContain(`X-Name: ${name}\r\n`);
    }
  });

  it(`What a middleware has set in ${coding} is sent byte for byte beside the fields of the upstream`, async () => {
    const { edge } = await responding(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${DISPOSITION(name)}\r\nok`, {
      before: (_req, res) => res.setHeader('X-Before', name),
    });
    const response = await exchangeRaw(edge.port, GET);
    expect(response).toContain(`X-Before: ${name}\r\n`);
    expect(response).toContain(DISPOSITION(name));
  });
}
