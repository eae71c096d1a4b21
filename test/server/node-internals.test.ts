/** Each undocumented part of Node that `node-internals.ts` uses, against the running version of Node. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  allowHalfOpen,
  closeListener,
  closesConnection,
  currentResponse,
  serverOf,
} from '../../src/server/node-internals.js';
import { openRaw } from '../support/raw.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const LAST_GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

let server: Server;
let handle: (req: IncomingMessage, res: ServerResponse) => void;
let clients: Socket[];

beforeEach(async () => {
  clients = [];
  server = createServer((req, res) => handle(req, res));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(() => {
  for (const client of clients) client.destroy();
  server.closeAllConnections();
  server.close();
});

function open(bytes: string): Socket {
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.write(bytes);
  clients.push(client);
  return client;
}

/** Sends the bytes and returns what `look` returned for each request. */
async function lookAt<T>(
  bytes: string,
  count: number,
  look: (req: IncomingMessage, res: ServerResponse) => T,
): Promise<T[]> {
  const seen: T[] = [];
  handle = (req, res) => {
    seen.push(look(req, res));
    res.end();
  };
  open(bytes);
  await expect.poll(() => seen.length).toBe(count);
  return seen;
}

describe('closesConnection', () => {
  test('is true once a head is written where the request asks for the close', async () => {
    expect(await lookAt(GET + LAST_GET, 2, (_req, res) => closesConnection(res.writeHead(200)))).toEqual([
      false,
      true,
    ]);
  });

  test('is true once a head with Connection: close is written', async () => {
    const close = (_req: IncomingMessage, res: ServerResponse): boolean =>
      closesConnection(res.writeHead(200, { Connection: 'close' }));
    expect(await lookAt(GET, 1, close)).toEqual([true]);
  });
});

describe('currentResponse', () => {
  test('is the response to the first of several requests, then the next one', async () => {
    const responses: ServerResponse[] = [];
    handle = (_req, res) => void responses.push(res);
    open(GET + GET);
    await expect.poll(() => responses.length).toBe(2);
    const { socket } = responses[0]!.req;
    expect(currentResponse(socket)).toBe(responses[0]);
    responses[0]!.end();
    await expect.poll(() => currentResponse(socket)).toBe(responses[1]);
    responses[1]!.end();
    await expect.poll(() => currentResponse(socket)).toBeUndefined();
  });
});

describe('serverOf', () => {
  test('is the server that accepted the connection', async () => {
    const [found] = await lookAt(GET, 1, (req) => serverOf(req.socket));
    expect(found).toBe(server);
  });
});

describe('allowHalfOpen', () => {
  /** Ends the client's side after a request, and responds a moment later. */
  async function bodyAfterFin(): Promise<string> {
    handle = (req, res) => void req.socket.once('end', () => setTimeout(() => res.end('late'), 20));
    const client = open(GET);
    let text = '';
    client.on('data', (data) => (text += data.toString()));
    client.end();
    await once(client, 'close');
    return text;
  }

  test('lets a client that has ended its side read the response', async () => {
    allowHalfOpen(server);
    expect(await bodyAfterFin()).toMatch(/^HTTP\/1\.1 200 [^]*late/);
  });

  test('is needed: without it the connection is closed first', async () => {
    expect(await bodyAfterFin()).toBe('');
  });
});

describe('closeListener', () => {
  test('leaves an idle connection open, and reports when the last one has closed', async () => {
    handle = (_req, res) => res.end('ok');
    const client = openRaw((server.address() as AddressInfo).port, GET);
    await client.until(/ok$/);
    let isClosed = false;
    closeListener(server, () => (isClosed = true));
    expect(server.listening).toBe(false);
    await sleep(50);
    client.send(GET);
    await client.until(/ok[^]*ok$/);
    expect(isClosed).toBe(false);
    client.destroy();
    await expect.poll(() => isClosed).toBe(true);
  });
});
