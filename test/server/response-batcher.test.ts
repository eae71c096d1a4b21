import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { endBatched } from '../../src/server/response-batcher.js';

const closes: (() => void)[] = [];
afterEach(() => closes.splice(0).forEach((close) => close()));

/** Two requests that wait for their responses, and the responses as the client gets them. */
async function twoWaiting(): Promise<{
  responses: readonly [ServerResponse, ServerResponse];
  answers: Promise<PromiseSettledResult<string>[]>;
}> {
  const responses: ServerResponse[] = [];
  const server = createServer((_req, res) => void responses.push(res)).listen(0, '127.0.0.1');
  closes.push(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (answer: IncomingMessage) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve(text)).on('error', reject);
      }).on('error', reject);
    });
  const answers = Promise.allSettled([ask(), ask()]);
  await expect.poll(() => responses.length).toBe(2);
  const [first, second] = responses;
  return { responses: [first!, second!], answers };
}

it('Responses that are finished in one tick are sent at its end, each with the last of its body', async () => {
  const { responses, answers } = await twoWaiting();
  for (const [i, res] of responses.entries()) {
    res.writeHead(200);
    endBatched(res, `answer ${i}`);
    expect(res.writableEnded).toBe(false);
  }
  await new Promise(setImmediate);
  expect(responses.map((res) => res.writableEnded)).toEqual([true, true]);
  expect(await answers).toMatchObject([{ value: 'answer 0' }, { value: 'answer 1' }]);
});

it('A client that has left before the end of the tick does not affect the others', async () => {
  const { responses, answers } = await twoWaiting();
  for (const res of responses) endBatched(res.writeHead(200), Buffer.from('here'));
  responses[0].destroy();
  await new Promise(setImmediate);
  expect(responses[0].writableEnded).toBe(false);
  expect(await answers).toMatchObject([{ status: 'rejected' }, { value: 'here' }]);
});
