import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exchangeRaw } from '../support/raw.js';
import { keep } from './cleanup.js';
import { startEdge } from './edge.js';
import { NO_TLS } from '../support/route.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';

let folder: string;
let key: string;
let cert: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-tls-'));
  const path = (name: string): string => join(folder, name);
  execFileSync(
    'openssl',
    [
      ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'.split(
        ' ',
      ),
      ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', path('key.pem'), '-out', path('cert.pem')],
    ],
    { stdio: 'ignore' },
  );
  key = readFileSync(path('key.pem'), 'utf8');
  cert = readFileSync(path('cert.pem'), 'utf8');
});

afterAll(() => rmSync(folder, { recursive: true }));

interface Seen {
  readonly port: number;
  readonly names: string[];
  readonly resumed: boolean[];
  readonly connections: () => number;
  close(): Promise<void>;
}

async function startTls(): Promise<Seen> {
  const names: string[] = [];
  const resumed: boolean[] = [];
  let connections = 0;
  const server = createServer({ key, cert }, (req, res) => {
    const { socket } = req;
    if (!(socket instanceof TLSSocket)) throw new Error('this server speaks TLS only');
    names.push('servername' in socket ? String(socket.servername) : '');
    resumed.push(socket.isSessionReused());
    if (req.url === '/close') res.setHeader('Connection', 'close');
    if (req.url === '/cut') {
      res.write('half');
      setTimeout(() => socket.destroy(), 20);
    } else res.end(`hello ${req.headers.host}`);
  });
  server.on('secureConnection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    names,
    resumed,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it("An https upstream is verified with the file's CA and the target's name, for any Host of the caller", async () => {
  const upstream = keep(await startTls());
  const edge = keep(
    await startEdge(`https://localhost:${upstream.port}`, {
      upstream: { tls: { ...NO_TLS, ca: cert }, host: 'preserve' },
    }),
  );
  for (const host of ['one.test', 'two.test', 'three.test']) {
    expect(await exchangeRaw(edge.port, GET.replace('gate.test', host))).toMatch(`hello ${host}`);
  }
  expect(upstream.names).toEqual(['localhost', 'localhost', 'localhost']);
  expect(upstream.connections()).toBe(1);
});

it('A certificate of an unknown authority, or for another name, is a 502', async () => {
  const upstream = keep(await startTls());
  const unknown = keep(await startEdge(`https://localhost:${upstream.port}`));
  expect(await exchangeRaw(unknown.port, GET)).toMatch(/^HTTP\/1.1 502/);
  const misnamed = keep(
    await startEdge(`https://127.0.0.1:${upstream.port}`, {
      upstream: { tls: { ...NO_TLS, ca: cert } },
    }),
  );
  expect(await exchangeRaw(misnamed.port, GET)).toMatch(/^HTTP\/1.1 502/);
  expect(upstream.names).toEqual([]);
});

it('server_name is the name for SNI, and the one that the certificate must have', async () => {
  const upstream = keep(await startTls());
  const origin = `https://127.0.0.1:${upstream.port}`;
  const named = keep(
    await startEdge(origin, { upstream: { tls: { ...NO_TLS, ca: cert, serverName: 'localhost' } } }),
  );
  expect(await exchangeRaw(named.port, GET)).toMatch(`hello 127.0.0.1:${upstream.port}`);
  expect(upstream.names).toEqual(['localhost']);
  const other = keep(
    await startEdge(`https://localhost:${upstream.port}`, {
      upstream: { tls: { ...NO_TLS, ca: cert, serverName: 'legacy.internal' } },
    }),
  );
  expect(await exchangeRaw(other.port, GET)).toMatch(/^HTTP\/1.1 502/);
  expect(upstream.names).toHaveLength(1);
});

it('insecure accepts any certificate, whatever its authority and name', async () => {
  const upstream = keep(await startTls());
  const edge = keep(
    await startEdge(`https://127.0.0.1:${upstream.port}`, {
      upstream: { tls: { ...NO_TLS, insecure: true } },
    }),
  );
  expect(await exchangeRaw(edge.port, GET)).toMatch(/^HTTP\/1.1 200/);
});

it('A second connection resumes the TLS session of the first', async () => {
  const upstream = keep(await startTls());
  const edge = keep(
    await startEdge(`https://localhost:${upstream.port}`, {
      upstream: { tls: { ...NO_TLS, ca: cert } },
    }),
  );
  await exchangeRaw(edge.port, GET.replace('/a', '/close'));
  await exchangeRaw(edge.port, GET);
  expect(upstream.resumed).toEqual([false, true]);
});

it('A body that is cut over TLS never looks complete', async () => {
  const upstream = keep(await startTls());
  const edge = keep(
    await startEdge(`https://localhost:${upstream.port}`, {
      upstream: { tls: { ...NO_TLS, ca: cert } },
    }),
  );
  const response = await exchangeRaw(edge.port, GET.replace('/a', '/cut'));
  expect(response).toMatch(/half\r\n$/);
  expect(await edge.result(0)).toMatchObject({ fault: 'upstream_reset_in_body' });
});
