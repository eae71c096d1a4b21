/** An upstream connection is not reused after unexpected bytes or an early response. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRaw } from '../support/raw.js';
import { OPEN, pathOf, respondOk, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { until } from '../support/until.js';
import { untilGone } from '../support/upstream.js';
import { CHUNKED, get, request } from '../support/wire-fixture.js';

const OK = 'HTTP/1.1 200 OK\r\n';
const SHORT = `${OK}Content-Length: 2\r\n\r\nok`;
const FORGED = `${OK}Content-Length: 6\r\n\r\nforged`;
const CHUNKS = '2\r\nok\r\n0\r\n\r\n';

/** What the upstream sends in one write; the body within it, as framed; the method if it is not GET. */
const OVERFULL: [what: string, text: string, body: string, method?: string][] = [
  ['an answer and another', `${SHORT}${FORGED}`, 'ok'],
  ['an answer and two others', `${SHORT}${FORGED}${FORGED}`, 'ok'],
  ['an answer and some bytes', `${SHORT}forged`, 'ok'],
  ['chunks, and an answer behind the last', `${OK}${CHUNKED}\r\n\r\n${CHUNKS}${FORGED}`, CHUNKS],
  ['a 204 with a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nforged', ''],
  ['a 304 with a body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nforged', ''],
  ['a body to HEAD', FORGED, '', 'HEAD'],
];

let late: (() => unknown) | undefined;
let fixture: Fixture;

beforeAll(async () => {
  fixture = await startScriptedFixture(OPEN, (asked) => {
    const [, text] = OVERFULL[Number(/^\/over\/(\d+)$/.exec(pathOf(asked))?.[1])] ?? [];
    if (text === undefined) respondOk(asked);
    else asked.socket.write(text);
    late = () => asked.socket.write(FORGED);
  });
});

afterAll(() => fixture.close());

afterEach(async () => {
  expect((await fixture.talk(get('/well'))).responses[0]?.body).toBe('ok');
  await fixture.settle();
});

describe('A connection to the upstream', () => {
  it('is reused after a response of its stated length', async () => {
    const connections = new Set<unknown>();
    for (let turn = 0; turn < 5; turn += 1) {
      await fixture.talk(get('/well'));
      connections.add(fixture.upstream.requests.at(-1)?.socket);
    }
    expect(connections.size).toBe(1);
  });

  it.each(OVERFULL.map(([what, , body, method = 'GET'], index) => ({ what, body, method, index })))(
    'is not reused after $what, and the caller gets only the stated body',
    async ({ body, method, index: which }) => {
      const index = fixture.upstream.requests.length;
      const client = openRaw(fixture.gate.port, request(`${method} /over/${which}`));
      await client.until(new RegExp(`^HTTP/1\\.1 [^]*\r\n\r\n${body}$`));
      client.send(get('/well'));
      const text = await client.until(/HTTP\/1\.1 [^]*HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
      client.destroy();
      expect(text).toContain(`\r\n\r\n${body}HTTP/1.1 200 OK\r\n`);
      expect(text).not.toContain('forged');
      expect(await untilGone(fixture.upstream, index)).toBe('');
    },
  );

  it('is not reused after an unsolicited response on an idle connection', async () => {
    await fixture.talk(get('/well'));
    const index = fixture.upstream.requests.length - 1;
    late?.();
    expect(await untilGone(fixture.upstream, index)).toBe('');
    expect((await fixture.talk(get('/well'))).responses[0]?.body).toBe('ok');
  });

  it.each([
    ['a stated length', 'Content-Length: 1000', 'be'],
    ['chunks', CHUNKED, '2\r\nbe\r\n'],
  ])(
    'is not reused after a response sent before the end of a body of %s, nor is the caller’s',
    async (_, framing, body) => {
      const index = fixture.upstream.requests.length;
      const records = fixture.gate.records.length;
      const client = openRaw(fixture.gate.port, request('POST /early', [framing], body));
      await client.until(/^HTTP\/1\.1 200 [^]*\r\n\r\nok$/);
      expect(client.text()).toMatch(/^connection: close\r$/im);
      client.send(get('/smuggled'));
      await client.ended;
      expect(client.text().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
      await untilGone(fixture.upstream, index);
      await until(() => fixture.gate.records.length > records);
      await fixture.settle();
      expect(fixture.gate.records.slice(records)).toMatchObject([{ status: 200 }]);
      expect(fixture.upstream.requests.slice(index).map(pathOf)).toEqual(['/early']);
    },
  );
});
