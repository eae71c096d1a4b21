/** Thousands of requests with bytes out of place: the gate lives, answers, and forwards nothing that it did not admit. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answersIn } from '../support/dialogue.js';
import { openRaw } from '../support/raw.js';
import { startScene, type Scene } from '../support/scene.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_101);
const REQUESTS = 3000;
const LANES = 16;
/** Many mutants are never whole: the gate waits for the rest of them. */
const PATIENCE_MS = 60;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({
    issuers: { main: { issuer: 'https://issuer.test', jwks: 'https://127.0.0.1:1/', audience: 'gate' } },
    routes: [
      { match: '* /open/{path*}', upstream: 'behind', public: true, max_body: '1kb' },
      { match: '* /scoped/{path*}', upstream: 'behind', scope: 'admin' },
      { match: 'GET /scoped', upstream: 'behind', scope: 'admin' },
    ],
  });
});
afterAll(() => scene.close());

const SEEDS = [
  'GET /open/a?b=c HTTP/1.1\r\nHost: gate.test\r\nX-Mine: a\r\n\r\n',
  'POST /open/a HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 5\r\n\r\nabcde',
  'POST /open/a HTTP/1.1\r\nHost: gate.test\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nabcde\r\n0\r\n\r\n',
  'DELETE /open/%2e%2e/a HTTP/1.1\r\nHost: gate.test\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\nX: a\r\n\r\n',
  'GET /open/a HTTP/1.1\r\nHost: gate.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET /open/a HTTP/1.1\r\nHost: gate.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /open/b HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET http://gate.test/open/a HTTP/1.1\r\nHost: gate.test\r\n\r\n',
  'POST /open/a HTTP/1.1\r\nHost: gate.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
  'GET /scoped HTTP/1.1\r\nHost: gate.test\r\nAuthorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n\r\n',
  'GET /open/..%2fscoped HTTP/1.0\r\nHost: gate.test\r\nConnection: keep-alive\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: gate.test\r\nOrigin: https://a.test\r\nAccess-Control-Request-Method: GET\r\n\r\n',
  'CONNECT gate.test:80 HTTP/1.1\r\nHost: gate.test\r\n\r\n',
] as const;

const SPICE = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '/',
  '//',
  '\\',
  '%',
  '%2f',
  '%00',
  '#',
  '?',
  '..',
  '\xff',
  '\x7f',
  '\r\n\r\n',
  'Content-Length: 7\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: b\r\n',
  'GET /scoped HTTP/1.1\r\nHost: a\r\n\r\n',
  '0\r\n\r\n',
  'fffffffff',
];

/** A small generator of numbers below a bound: the same ones for the same seed (mulberry32). */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const dice = createDice(SEED);
const oneOf = <T>(all: readonly T[]): T => all[dice(all.length)]!;

function mutate(text: string): string {
  const at = dice(text.length);
  const end = at + dice(12);
  switch (dice(6)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(dice(256)) + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + oneOf(SPICE) + text.slice(at);
    case 2:
      return text.slice(0, at) + text.slice(end);
    case 3:
      return text.slice(0, end) + text.slice(at);
    case 4:
      return text.slice(0, at) + oneOf(SEEDS).slice(dice(40));
    default:
      return text + oneOf(SEEDS);
  }
}

function mutant(): string {
  let text: string = oneOf(SEEDS);
  for (let left = 1 + dice(4); left > 0; left--) text = mutate(text);
  return text;
}

/** All that the gate says. After its first word, or some patience, the client ends its side, and so does the gate. */
async function said(bytes: string): Promise<string> {
  const client = openRaw(scene.gate.port, Buffer.from(bytes, 'latin1'));
  await Promise.race([client.until(/./).catch(() => ''), sleep(PATIENCE_MS)]);
  client.socket.end();
  await client.ended;
  return client.text();
}

it('Mutated requests leave the gate alive, and the upstream never sees more than was admitted', async () => {
  let left = REQUESTS;
  let answered = 0;
  async function lane(): Promise<void> {
    while (left-- > 0) {
      const bytes = mutant();
      const text = await said(bytes);
      // Whatever it says is HTTP from the first byte, and never a bug's 500.
      if (text !== '') expect(text, JSON.stringify(bytes)).toMatch(/^HTTP\/1\.1 [1-5]\d\d /);
      const statuses = answersIn(text).map(({ status }) => status);
      expect(statuses, JSON.stringify(bytes)).not.toContain(500);
      answered += statuses.length;
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(answered).toBeGreaterThan(REQUESTS / 10);

  await scene.settle();
  const { requests } = scene.upstream;
  expect(requests.length).toBeGreaterThan(REQUESTS / 100);
  expect(requests.length).toBeLessThanOrEqual(scene.admitted());
  for (const { head } of requests) expect(head).toMatch(/^[A-Z-]+ \/open\/\S* HTTP\/1\.1\r\n/);

  const { answers } = await scene.talk('GET /open/alive HTTP/1.1\r\nHost: gate.test\r\n\r\n');
  expect(answers[0]?.status).toBe(200);
}, 60_000);
