/** A destroyed response ends its connection, also if it has none yet because an earlier response is being sent. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { destroyResponse } from '../../src/shared/destroy-response.js';
import { openRaw } from '../support/raw.js';
import { until } from '../support/until.js';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const responses: ServerResponse[] = [];
const server = createServer((_req, res) => responses.push(res));

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it.each([
  ['that is complete', (res: ServerResponse) => res.writeHead(200, { 'content-length': 4 }).end('late')],
  ['that is begun', (res: ServerResponse) => res.writeHead(200, { 'content-length': 9 }).write('late')],
])(
  'a waiting response %s is not sent once it is destroyed, and the connection ends',
  async (_what, write) => {
    responses.length = 0;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = openRaw((server.address() as AddressInfo).port, GET + GET);
    await until(() => responses.length === 2);
    write(responses[1]!);
    destroyResponse(responses[1]!);
    responses[0]!.writeHead(200, { 'content-length': 5 }).end('first');
    await client.ended;
    expect(client.text()).toMatch(/first$/);
  },
);
