import { expect, it } from 'vitest';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { startEchoUpstream, startRawUpstream, type Echo, type WireRequest } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { CALLER, startEdge, type EdgeOptions } from './edge.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Responds when the whole body has come. */
function answerWhole({ socket, whole }: WireRequest): void {
  void whole.then(() => socket.write(OK));
}

async function sent(
  request: string,
  options: EdgeOptions = {},
): Promise<{ head: string; body: string; answer: string }> {
  const upstream = keep(await startRawUpstream(answerWhole));
  const edge = keep(await startEdge(upstream.origin, options));
  const response = await exchangeRaw(edge.port, request);
  const [first] = upstream.requests;
  expect(upstream.requests).toHaveLength(1);
  return { head: `${first!.head}\r\n`, body: first!.body(), answer: response };
}

it('Target, order, case and duplicates of a request are kept byte for byte', async () => {
  const { head } = await sent(
    'GET /a%20b?q=%zz&x=|y HTTP/1.1\r\nhOsT: gate.test\r\nX-two: 2\r\nx-TWO: \xe4\r\nAuthorization: Bearer t\r\n' +
      'Cookie: a=1\r\nConnection: close\r\n\r\n',
  );
  expect(head).toMatch(/^GET \/a%20b\?q=%zz&x=\|y HTTP\/1.1\r\nhost: 127.0.0.1:\d+\r\n/);
  expect(head).toContain('X-two: 2\r\nx-TWO: \xe4\r\nAuthorization: Bearer t\r\nCookie: a=1\r\n');
});

it('The upstream gets the origin and the identity of the caller, and only from the gateway', async () => {
  const { head } = await sent(
    'GET / HTTP/1.1\r\nHost: gate.test\r\nConnection: close, X-App-Id, X-Request-Id\r\nx-app-id: forged\r\nX_App_Id: forged\r\n' +
      'X.App.Id: forged\r\nX-Token-Scopes: forged\r\nX-Forwarded-For: forged\r\nX-Forwarded-Port: forged\r\n' +
      'Forwarded: for=forged\r\nX-Real-IP: forged\r\nX-Request-Id: forged\r\nX-HTTP-Method-Override: forged\r\n' +
      'X_Original_URL: forged\r\nX-Rewrite-Url: forged\r\n\r\n',
    { principal: CALLER },
  );
  expect(head).not.toContain('forged');
  expect(head.slice(head.indexOf('X-Forwarded-For'))).toBe(
    'X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: gate.test\r\nX-Request-Id: gate-id\r\n' +
      'X-App-Id: app-1\r\nX-App-Name: %C3%9Cmlaut%20100%25\r\nX-App-Organization: Org\r\nX-Token-Subject: sub|1\r\n' +
      'X-Token-Issuer: main\r\nX-Token-Scopes: a:read b%20c\r\n',
  );
});

it('An anonymous caller has no identity fields, even if it sends some', async () => {
  const { head } = await sent(
    'GET / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nX-App-Id: forged\r\nX-Token-Subject: forged\r\n\r\n',
  );
  expect(head).not.toMatch(/x-app|x-token/i);
});

it('The file can preserve the Host, set and remove fields, and withhold the token', async () => {
  const { head } = await sent(
    'GET / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nAuthorization: Bearer t\r\nX-Internal: 1\r\nX_Env: dev\r\n\r\n',
    {
      principal: CALLER,
      upstream: {
        host: 'preserve',
        forwardAuthorization: false,
        headers: {
          set: [
            ['X-Env', 'prod'],
            ['X-Forwarded-Proto', 'https'],
            ['X-App-Id', 'forged'],
            ['Connection', 'upgrade'],
          ],
          claims: [],
          remove: ['x-internal', 'x-forwarded-host', 'x-token-subject'],
        },
      },
    },
  );
  expect(head).toContain('host: gate.test\r\n');
  expect(head).toContain('X-Env: prod\r\nX-Forwarded-Proto: https\r\n');
  expect(head).not.toMatch(/bearer|internal|dev|forwarded-host|subject|forged|upgrade/i);
  expect(head).toContain('X-App-Id: app-1\r\n');
});

it('A field that the file may not set is logged', async () => {
  const edge = keep(
    await startEdge('http://127.0.0.1:1', {
      upstream: { headers: { set: [['X_Token_Subject', 'x']], claims: [], remove: [] } },
    }),
  );
  expect(edge.logged).toEqual(['this field is never set from the file; ignored']);
});

it('A body with a length keeps it, and a chunked one stays chunked', async () => {
  const start = 'POST / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n';
  const sized = await sent(`${start}Content-Length: 5\r\n\r\nhello`);
  expect(sized.head).toMatch(/content-length: 5\r\n/);
  expect(sized.body).toBe('hello');
  const chunked = await sent(
    `${start}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n`,
  );
  expect(chunked.head).toMatch(/transfer-encoding: chunked\r\n/);
  expect(chunked.head).not.toMatch(/content-length/i);
  expect(chunked.body).toMatch(/^5\r\nhello\r\n0\r\n\r\n$/);
});

it('A request without a body gets none, and an empty one stays empty', async () => {
  const get = await sent('GET / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n');
  expect(get.head).not.toMatch(/content-length|transfer-encoding/i);
  const post = await sent(
    'POST / HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  );
  expect(post.head).toMatch(/content-length: 0\r\n/i);
});

it('A body that a middleware has read is forwarded unchanged', async () => {
  const { head, body } = await sent(
    'POST / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    { parsedBody: (req) => (req.resume(), Buffer.from('{}')) },
  );
  expect(head).toMatch(/content-length: 2\r\n/i);
  expect(body).toBe('{}');
});

it('A chunked DELETE over a reused connection is one request, with any body', async () => {
  const upstream = keep(await startRawUpstream(answerWhole));
  const edge = keep(await startEdge(upstream.origin));
  const forged = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n';
  for (let turn = 0; turn < 3; turn += 1) {
    await exchangeRaw(
      edge.port,
      'DELETE /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n' +
        `${forged.length.toString(16)}\r\n${forged}\r\n0\r\n\r\n`,
    );
  }
  expect(upstream.requests.map(({ head }) => head.split('\r\n')[0])).toEqual(
    Array(3).fill('DELETE /a HTTP/1.1'),
  );
});

it('A client that expects 100 gets it once the upstream can take the body', async () => {
  const upstream = keep(await startRawUpstream(answerWhole));
  const edge = keep(await startEdge(upstream.origin));
  const client = openRaw(
    edge.port,
    'PUT / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  );
  await client.until('HTTP/1.1 100 Continue\r\n\r\n');
  client.send('hello');
  await client.ended;
  expect(client.text()).toMatch(/HTTP\/1.1 200 OK/);
  expect(upstream.requests[0]!.head).not.toMatch(/expect/i);
});

it('A client that expects 100 gets none for a body that is too large or has no taker', async () => {
  const upstream = await startRawUpstream(answerWhole);
  const edge = keep(await startEdge(upstream.origin, { maxBodyBytes: 10 }));
  const put = (length: number): string =>
    `PUT / HTTP/1.1\r\nHost: gate.test\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  expect(await exchangeRaw(edge.port, put(11))).toMatch(/^HTTP\/1.1 413/);
  expect(upstream.received).toHaveLength(0);
  await upstream.close();
  expect(await exchangeRaw(edge.port, put(5))).toMatch(/^HTTP\/1.1 502/);
});

it('A chunked body that grows too large is a 413, and never complete at the upstream', async () => {
  const upstream = keep(await startRawUpstream(answerWhole));
  const edge = keep(await startEdge(upstream.origin, { maxBodyBytes: 10 }));
  const response = await exchangeRaw(
    edge.port,
    'POST / HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n',
  );
  expect(response).toMatch(/^HTTP\/1.1 413/);
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(upstream.received.join('')).not.toMatch(/\r\n0\r\n\r\n$/);
});

it('A body that grows too large after the response has begun breaks the connection', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin'),
    ),
  );
  const edge = keep(await startEdge(upstream.origin, { maxBodyBytes: 10 }));
  const client = openRaw(
    edge.port,
    'POST / HTTP/1.1\r\nHost: gate.test\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n',
  );
  await client.until('begin');
  client.send('8\r\n12345678\r\n');
  await client.ended;
  expect(await edge.result(0)).toMatchObject({ status: 200, fault: 'client_body_too_large', bytes: 5 });
});

it('A client that stops in the middle of its body gets a 408, and the upstream is freed', async () => {
  const upstream = keep(await startRawUpstream(answerWhole));
  const edge = keep(await startEdge(upstream.origin, { bodyTimeoutMs: 80, upstream: { timeoutMs: 30 } }));
  const response = await exchangeRaw(
    edge.port,
    'POST / HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 10\r\n\r\n12345',
  );
  expect(response).toMatch(/^HTTP\/1.1 408/);
  await expect.poll(() => upstream.open.size).toBe(0);
});

it('A slow body does not use up the time of the upstream, which begins after it', async () => {
  const upstream = keep(await startRawUpstream(answerWhole));
  const edge = keep(await startEdge(upstream.origin, { bodyTimeoutMs: 120, upstream: { timeoutMs: 120 } }));
  const client = openRaw(edge.port, 'POST / HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 6\r\n\r\n');
  for (const byte of '123456') {
    await new Promise((resolve) => setTimeout(resolve, 40));
    client.send(byte);
  }
  await client.until('HTTP/1.1 200');
});

it('An early response during the body closes the connection, since the rest is not read', async () => {
  const upstream = keep(
    await startRawUpstream(({ socket }) => socket.write('HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno')),
  );
  const edge = keep(await startEdge(upstream.origin));
  const client = openRaw(
    edge.port,
    'POST / HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 1000\r\n\r\nbegin',
  );
  await client.until(/\r\n\r\nno$/);
  expect(client.text()).toContain('Connection: close\r\n');
  client.send('GET /smuggled HTTP/1.1\r\nHost: gate.test\r\n\r\n');
  await client.ended;
  expect(client.text().match(/HTTP\/1.1/g)).toHaveLength(1);
  await expect.poll(() => upstream.open.size).toBe(0);
  expect(await edge.result(0)).toMatchObject({ status: 401, fault: undefined });
});

it('Many requests on few connections each get their own response', async () => {
  const upstream = keep(await startEchoUpstream());
  const edge = keep(
    await startEdge(upstream.origin, { upstream: { maxConnections: 2, connectTimeoutMs: 5000 } }),
  );
  const responses = await Promise.all(
    Array.from({ length: 10 }, (_, turn) =>
      exchangeRaw(
        edge.port,
        `POST /${turn} HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nContent-Length: 6\r\n\r\nbody-${turn}`,
      ),
    ),
  );
  responses.forEach((response, turn) => {
    const json = JSON.parse(/\{.*\}/.exec(response)![0]) as Echo;
    expect(json).toMatchObject({ url: `/${turn}`, body: `body-${turn}` });
  });
  expect(upstream.count()).toBe(10);
});
