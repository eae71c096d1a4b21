/**
 * A broken response never looks complete: before the head is sent it becomes a 502 or 504; after it, the end
 * is missing, both in the bytes and to fetch, a lenient client.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BROKEN_BODIES, BROKEN_HEADS } from '../support/broken-responses.js';
import { openRaw } from '../support/raw.js';
import { OPEN, pathOf, respondOk, startScriptedFixture, type Fixture } from '../support/fixture.js';
import { until } from '../support/until.js';
import { untilGone, type WireRequest } from '../support/upstream.js';
import { get } from '../support/wire-fixture.js';

type Script = (request: WireRequest) => void;

const TIMEOUT_MS = 200;
const GAP_MS = 30;
const OK = 'HTTP/1.1 200 OK\r\n';

const say =
  (text: string): Script =>
  ({ socket }) =>
    void socket.write(text);

const respondThen =
  (text: string, then: (socket: WireRequest['socket']) => unknown): Script =>
  ({ socket }) => {
    socket.write(text);
    setTimeout(then, GAP_MS, socket);
  };

/** Writes repeatedly while the connection is open. */
const respondOn =
  (text: string, more: string): Script =>
  ({ socket }) => {
    socket.write(text);
    const timer = setInterval(() => socket.write(more), GAP_MS);
    socket.once('close', () => clearInterval(timer));
  };

const end: Script = ({ socket }) => void socket.end();
const reset: Script = ({ socket }) => void socket.resetAndDestroy();

/** Failures before the response head: description, status and reason. */
const REFUSED: Record<string, [Script, status: number, reason: string]> = {
  ...Object.fromEntries(
    Object.entries(BROKEN_HEADS).map(([what, text]) => [
      `sends ${what}`,
      [say(text), 502, 'upstream_broken'],
    ]),
  ),
  'sends half a head and ends': [respondThen(OK, (socket) => socket.end()), 502, 'upstream_broken'],
  'sends half a head and resets': [
    respondThen(OK, (socket) => socket.resetAndDestroy()),
    502,
    'upstream_broken',
  ],
  'sends half a head and no more': [say(OK), 504, 'upstream_timeout'],
  'sends a head line by line without end': [respondOn(OK, 'X: y\r\n'), 504, 'upstream_timeout'],
  'sends hints without end': [
    respondOn('', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
    504,
    'upstream_timeout',
  ],
  'sends hints and ends': [
    respondThen('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n', (socket) => socket.end()),
    502,
    'upstream_broken',
  ],
  'never answers': [() => undefined, 504, 'upstream_timeout'],
  'ends in place of an answer': [end, 502, 'upstream_unreachable'],
  'resets in place of an answer': [reset, 502, 'upstream_unreachable'],
};

/** Failures after the response head: the client must see that the rest is missing. */
const CUT: Record<string, [Script, reason: string]> = {
  ...Object.fromEntries(
    Object.entries(BROKEN_BODIES).map(([what, { text, then }]) => [
      what,
      [respondThen(`${OK}${text}`, then), 'upstream_reset_in_body'],
    ]),
  ),
  'of a stated length stops': [say(`${OK}Content-Length: 50\r\n\r\nhalf`), 'upstream_idle_in_body'],
  'in chunks stops': [say(`${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`), 'upstream_idle_in_body'],
  'that ends with the connection stops': [say(`${OK}\r\nhalf`), 'upstream_idle_in_body'],
};

const SCRIPTS = [...Object.values(REFUSED), ...Object.values(CUT)].map(([script]) => script);
const pathTo = (script: Script): string => `/broken/${SCRIPTS.indexOf(script)}`;

let fixture: Fixture;
let before = 0;
const recorded = () => fixture.gate.records.slice(before);

beforeAll(async () => {
  const time = `${TIMEOUT_MS}ms`;
  fixture = await startScriptedFixture(
    OPEN,
    (asked) => {
      const script = SCRIPTS[Number(/^\/broken\/(\d+)$/.exec(pathOf(asked))?.[1])];
      (script ?? respondOk)(asked);
    },
    { timeout: time, idle_timeout: time, retries: 0, ejection: false },
  );
});

afterAll(() => fixture.close());

/** The next request is served after any failure. */
afterEach(async () => {
  expect((await fixture.talk(get('/well'))).responses[0]?.body).toBe('ok');
  await fixture.settle();
  before = fixture.gate.records.length;
});

describe.each(Object.entries(REFUSED))('An upstream that %s', (_, [script, status, reason]) => {
  it(`causes a ${status}, logged once; the caller's connection stays open, the upstream's is closed`, async () => {
    const index = fixture.upstream.requests.length;
    const client = openRaw(fixture.gate.port, get(pathTo(script)));
    await client.until(new RegExp(`HTTP/1\\.1 ${status} [^]*\\]\\}$`));
    client.send(get('/well'));
    const text = await client.until(/ok$/);
    client.destroy();
    expect(text.match(/HTTP\/1\.1 [2-5]\d\d/g)).toEqual([`HTTP/1.1 ${status}`, 'HTTP/1.1 200']);
    await until(() => recorded().length === 2);
    expect(recorded()).toMatchObject([
      { status, reason },
      { status: 200, reason: undefined },
    ]);
    expect(await untilGone(fixture.upstream, index)).toBe('');
  });
});

describe.each(Object.entries(CUT))('A body %s', (_, [script, reason]) => {
  it.each(['1.1', '1.0'])(
    'never looks complete to an HTTP/%s client, and is logged once',
    async (version) => {
      const index = fixture.upstream.requests.length;
      const client = openRaw(
        fixture.gate.port,
        `GET ${pathTo(script)} HTTP/${version}\r\nHost: gate.test\r\n\r\n`,
      );
      const ended = await client.ended;
      const [head = '', ...rest] = client.text().split('\r\n\r\n');
      const body = rest.join('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
      expect(body).toContain('half');
      if (/^content-length: 50$/im.test(head)) expect(body).toBe('half');
      else if (/^transfer-encoding: chunked$/im.test(head)) expect(body).not.toMatch(/(^|\r\n)0\r\n/);
      else expect(ended).toBe('reset');
      await until(() => recorded().length === 1);
      expect(recorded()).toMatchObject([{ status: 200, reason }]);
      expect(await untilGone(fixture.upstream, index)).toBe('');
    },
  );

  it('is an error in fetch', async () => {
    const response = await fetch(fixture.gate.url + pathTo(script));
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });
});
