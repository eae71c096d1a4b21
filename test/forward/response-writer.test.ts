import { expect, it } from 'vitest';
import { BROKEN_BODIES, BROKEN_HEADS } from '../support/broken-responses.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startEchoUpstream, startRawUpstream, type RawUpstream } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge, type EdgeOptions } from './edge.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';
const KEPT = 'GET /a HTTP/1.1\r\nHost: gate.test\r\n\r\n';

async function responding(
  text: string,
  options: EdgeOptions = {},
): Promise<{ edge: Edge; upstream: RawUpstream }> {
  const upstream = keep(await startRawUpstream(({ socket }) => socket.write(text, 'latin1')));
  return { upstream, edge: keep(await startEdge(upstream.origin, options)) };
}

async function bodyOf(text: string, head: string = GET): Promise<string> {
  const { edge } = await responding(text);
  return exchangeRaw(edge.port, head);
}

it('Status, reason phrase, case, order and duplicate fields of a response are kept', async () => {
  const response = await bodyOf(
    'HTTP/1.1 299 Rather Fine\r\nsEt-cOOkie: a=1\r\nX-One: 1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\nContent-Length: 2\r\n\r\nok',
  );
  expect(response).toMatch(/^HTTP\/1.1 299 Rather Fine\r\n/);
  expect(response).toContain(
    'sEt-cOOkie: a=1\r\nX-One: 1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\nContent-Length: 2\r\n',
  );
  expect(response).toMatch(/\r\n\r\nok$/);
});

it('Hop-by-hop fields and those named by Connection are removed from a response, but never Content-Length', async () => {
  const response = await bodyOf(
    'HTTP/1.1 200 OK\r\nConnection: X-Secret, content-length\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\nUpgrade: h2c\r\n' +
      'Proxy-Authenticate: Basic\r\nTrailer: X-T\r\nContent-Length: 2\r\n\r\nok',
  );
  expect(response).not.toMatch(/x-secret|timeout=9|upgrade|proxy-auth|trailer/i);
  expect(response).toContain('Content-Length: 2\r\n');
});

it("The gateway's own fields replace the upstream's, but Vary has the values of both", async () => {
  const responseHeaders = ['X-Request-Id', 'mine', 'X-RateLimit-Limit', '10', 'Vary', 'Origin'];
  const { edge } = await responding(
    'HTTP/1.1 200 OK\r\nx-request-id: theirs\r\nX-RATELIMIT-LIMIT: 99\r\nContent-Length: 0\r\nVary: Accept\r\n\r\n',
    { responseHeaders },
  );
  const response = await exchangeRaw(edge.port, GET);
  expect(response).not.toMatch(/theirs|99/);
  expect(response).toContain(
    'Vary: Accept\r\nX-Request-Id: mine\r\nX-RateLimit-Limit: 10\r\nVary: Origin\r\n',
  );
});

it('Fields set by earlier middleware stay, and several Set-Cookie of the upstream are still forwarded', async () => {
  const { edge } = await responding(
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Frame-Options: theirs\r\nContent-Length: 0\r\n\r\n',
    {
      before: (_req, res) => res.setHeader('X-Frame-Options', 'DENY').setHeader('X-Before', 'yes'),
    },
  );
  const response = await exchangeRaw(edge.port, GET);
  expect(response).toContain('Set-Cookie: a=1\r\n');
  expect(response).toContain('Set-Cookie: b=2\r\n');
  expect(response).toContain('X-Before: yes\r\n');
  expect(response).toContain('X-Frame-Options: theirs\r\n');
  expect(response).not.toContain('DENY');
});

it('A response that came whole is ended with its body; one in parts is sent as they come', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n';
  const { edge: whole } = await responding(`${head}ok`);
  expect(await exchangeRaw(whole.port, GET)).toMatch(/\r\n\r\nok$/);
  expect(whole.endings).toEqual(['ok']);

  let goOn = (): void => undefined;
  const upstream = await startRawUpstream(({ socket }) => {
    socket.write(`${head}o`);
    goOn = () => socket.write('k');
  });
  const edge = keep(await startEdge(keep(upstream).origin));
  const client = openRaw(edge.port, GET);
  await client.until(/\r\n\r\no$/);
  goOn();
  await client.until(/\r\n\r\nok$/);
  await expect.poll(() => edge.endings).toEqual([undefined]);
});

it('A reason phrase that cannot be sent is omitted', async () => {
  expect(await bodyOf('HTTP/1.1 200 \xff\xfe\r\nContent-Length: 0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 \r\n/);
});

it('A chunked body is forwarded with its trailers, except those that a trailer may not have', async () => {
  const response = await bodyOf(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' +
      '3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-Request-Id: forged\r\nSet-Cookie: a=1\r\n\r\n',
  );
  expect(response).toContain('Trailer: X-Sum\r\n');
  expect(response).toMatch(/\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n$/);
});

it('For an HTTP/1.0 client a chunked body ends with the connection, without trailers or hints', async () => {
  const response = await bodyOf(
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n',
    'GET /a HTTP/1.0\r\nHost: gate.test\r\n\r\n',
  );
  expect(response).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(response).not.toMatch(/transfer-encoding|trailer|x-sum/i);
  expect(response).toMatch(/\r\n\r\nabc$/);
});

it('Interim responses are forwarded unchanged, without hop-by-hop fields and those of the gateway', async () => {
  const response = await bodyOf(
    'HTTP/1.1 102 Processing\r\nX-Progress: 50%\r\nX-Request-Id: forged\r\n\r\n' +
      'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nlink: not a link, \xe9\r\nConnection: X-Hop\r\nX-Hop: 1\r\n' +
      'Keep-Alive: timeout=9\r\nContent-Length: 9\r\n\r\n' +
      'HTTP/1.1 199 \xff\xfe\r\n\r\n' +
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  expect(response).toMatch(
    /^HTTP\/1.1 102 Processing\r\nX-Progress: 50%\r\n\r\nHTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload\r\nlink: not a link, \xe9\r\n\r\nHTTP\/1.1 199 \r\n\r\nHTTP\/1.1 200 OK\r\n/,
  );
  expect(response.match(/X-Request-Id: .*/g)).toEqual(['X-Request-Id: gate-id']);
});

it('An interim response arrives before the final one, and the connection stays open after both', async () => {
  let finish = (): unknown => undefined;
  const upstream = keep(
    await startRawUpstream(({ socket }) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n');
      finish = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  const edge = keep(await startEdge(upstream.origin));
  const client = openRaw(edge.port);
  for (let turn = 1; turn <= 2; turn += 1) {
    client.send(KEPT);
    const hints = new RegExp(`^(HTTP/1.1 103 [^]*){${turn}}\r\n\r\n$`);
    await client.until(hints);
    finish();
    await client.until(new RegExp(`^(HTTP/1.1 103 [^]*\r\n\r\nok){${turn}}$`));
  }
  expect(upstream.received).toHaveLength(1);
});

it('The hints for a pipelined request do not come between the responses before it', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket, head }) => {
      const isFirst = head.includes('/first');
      if (!isFirst) socket.write('HTTP/1.1 103 Early Hints\r\nLink: </second>\r\n\r\n');
      setTimeout(
        () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n${isFirst ? 'first.' : 'second'}`),
        isFirst ? 100 : 0,
      );
    }),
  );
  const edge = keep(await startEdge(upstream.origin));
  const client = openRaw(edge.port, KEPT.replace('/a', '/first') + GET.replace('/a', '/second'));
  await client.ended;
  expect(client.text()).toMatch(/^HTTP\/1.1 200 [^]*first\.HTTP\/1.1 200 [^]*second$/);
});

it('Endless hints for a client that does not read are dropped, not buffered', async () => {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(16_000)}\r\n\r\n`;
  let poured = 0;
  const upstream = keep(
    await startRawUpstream(({ socket }) => {
      const pour = (): void => {
        while (socket.writable && socket.write(hint)) poured += hint.length;
        poured += hint.length;
      };
      socket.on('drain', pour);
      pour();
    }),
  );
  const edge = keep(await startEdge(upstream.origin, { upstream: { timeoutMs: 5000 } }));
  const before = process.memoryUsage().external;
  const client = openRaw(edge.port, GET);
  client.socket.pause();
  await expect.poll(() => poured, { timeout: 10_000 }).toBeGreaterThan(60_000_000);
  // What is buffered stays; garbage does not.
  await expect
    .poll(() => process.memoryUsage().external - before, { timeout: 5000 })
    .toBeLessThan(20_000_000);
  client.destroy();
  await edge.result(0);
});

it('A 304 that states a length ends at its head, and the connection to the client stays open', async () => {
  const { edge } = await responding('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n');
  const client = openRaw(edge.port, KEPT);
  await client.until('ETag: "x"');
  expect(await edge.result(0)).toMatchObject({ status: 304, fault: undefined, bytes: 0 });
  expect(client.text()).toContain('Content-Length: 5\r\n');
  client.send(GET);
  await client.ended;
  expect(client.text().match(/HTTP\/1.1 304/g)).toHaveLength(2);
});

it('A 204 has no length and no body, and bytes after it never reach a client', async () => {
  const { edge, upstream } = await responding('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\nSMUGGLED');
  const client = openRaw(edge.port, KEPT);
  await client.until(/204[^]*\r\n\r\n/);
  client.send(GET);
  await client.ended;
  expect(client.text()).not.toMatch(/smuggled|content-length/i);
  expect(client.text().match(/HTTP\/1.1 204/g)).toHaveLength(2);
  expect(upstream.received).toHaveLength(2);
});

it('A connection with bytes after its response is not reused', async () => {
  const { edge, upstream } = await responding(
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged',
  );
  for (let turn = 0; turn < 3; turn += 1) expect(await exchangeRaw(edge.port, GET)).toMatch(/\r\n\r\nok$/);
  expect(upstream.received).toHaveLength(3);
});

it('A HEAD has its length without a body, and keeps the connection to the upstream', async () => {
  const { edge, upstream } = await responding(
    'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 500\r\n\r\n',
  );
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await exchangeRaw(edge.port, GET.replace('GET', 'HEAD'));
    expect(response).toContain('Content-Length: 500\r\n');
    expect(response).toMatch(/\r\n\r\n$/);
  }
  expect(upstream.received).toHaveLength(1);
});

it('A body that ends with the connection is complete when the upstream ends it', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')),
  );
  const edge = keep(await startEdge(upstream.origin));
  expect(await exchangeRaw(edge.port, GET)).toMatch(/9\r\nall of it\r\n0\r\n\r\n$/);
  expect(await edge.result(0)).toMatchObject({ fault: undefined, bytes: 9 });
});

for (const [what, text] of Object.entries(BROKEN_HEADS)) {
  it(`An upstream that sends ${what} is a 502, and gets the request once`, async () => {
    const { edge, upstream } = await responding(text);
    expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 502 [^]*gave a broken response/);
    expect(upstream.requests).toHaveLength(1);
    expect(await edge.result(0)).toMatchObject({ reason: 'upstream_broken' });
  });
}

for (const [what, { text, then }] of Object.entries(BROKEN_BODIES)) {
  for (const version of ['1.1', '1.0']) {
    it(`A body ${what} never looks complete to an HTTP/${version} client`, async () => {
      const upstream = keep(
        await startRawUpstream(({ socket }) => {
          socket.write(`HTTP/1.1 200 OK\r\n${text}`);
          setTimeout(then, 30, socket);
        }),
      );
      const edge = keep(await startEdge(upstream.origin));
      const client = openRaw(edge.port, `GET /a HTTP/${version}\r\nHost: gate.test\r\n\r\n`);
      const ended = await client.ended;
      const marked = /content-length: 50|transfer-encoding: chunked/i.test(client.text());
      expect(client.text()).not.toMatch(/\r\n0\r\n\r\n$/);
      expect({ marked, ended, text: client.text() }).toMatchObject(marked ? { marked } : { ended: 'reset' });
      expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'upstream_reset_in_body' });
    });
  }
}

it('Events reach the client one by one, as they are sent', async () => {
  let send = (event: string): unknown => event;
  const upstream = keep(
    await startEchoUpstream((_req, res) => {
      res.writeHead(200, { 'Content-Type': 'Text/Event-Stream; charset=utf-8' }).flushHeaders();
      send = (event) => res.write(event);
    }),
  );
  const edge = keep(await startEdge(upstream.origin, { upstream: { idleTimeoutMs: 60 } }));
  const client = openRaw(edge.port, KEPT);
  await client.until('Text/Event-Stream');
  send('data: 1\n\n');
  await client.until('data: 1\n\n');
  await new Promise((resolve) => setTimeout(resolve, 150));
  send('data: 2\n\n');
  await client.until('data: 2\n\n');
  expect(edge.results).toHaveLength(0);
});
