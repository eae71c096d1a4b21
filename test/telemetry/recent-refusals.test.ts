/** The recent refusals: which exchanges are kept, what of them, and how much memory they take. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import { Refusal } from '../../src/model/refusal.js';
import type { RequestHead } from '../../src/model/request.js';
import { RecentRefusals } from '../../src/telemetry/recent-refusals.js';
import { routeOf } from '../model/route-of.js';

const ROUTE = routeOf('GET /files/{id}');
const CALLER: Principal = Object.freeze({ ...ANONYMOUS, issuer: 'main', app: 'app-1' });
const NOW = Date.UTC(2026, 10, 22, 10);
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhcHAtMSJ9.c2lnbmF0dXJl';

function recordOf(
  id: string,
  more: Omit<Partial<ExchangeRecord>, 'head'> & { head?: object } = {},
): ExchangeRecord {
  const head = {
    id,
    clientRequestId: undefined,
    clientIp: '192.0.2.1',
    method: 'GET',
    target: '/files/7?key=secret-query',
    host: 'api.test',
    authorization: 'Bearer secret-token',
    rawHeaders: ['Cookie', 'secret-cookie'],
    ...more.head,
  } as unknown as RequestHead;
  return {
    route: ROUTE,
    shadow: undefined,
    endpoint: undefined,
    principal: CALLER,
    status: 403,
    reason: 'insufficient_scope',
    detail: undefined,
    target: undefined,
    durationMs: 1,
    upstreamMs: undefined,
    ...more,
    head,
  };
}

function ringOf(records: readonly ExchangeRecord[], size?: number): RecentRefusals {
  const ring = new RecentRefusals(() => NOW, size);
  for (const record of records) ring.add(record);
  return ring;
}

const ids = (ring: RecentRefusals, filter: object = {}): string[] =>
  ring.list({ limit: 1000, ...filter }).map(({ requestId }) => requestId);

describe('what is kept', () => {
  it.each([
    ['a refusal', { status: 429, reason: 'rate_limited' }],
    ['an upstream that cannot be reached', { status: 502, reason: 'upstream_unreachable' }],
    ['a refusal whose client left before it', { status: 499, reason: 'no_token' }],
    ['a body that could not be parsed', { status: 400, reason: 'client_body_broken' }],
    ['an error of a token endpoint', { status: 401, reason: 'invalid_client', endpoint: 'key_secret' }],
  ])('is %s', (_what, record) => {
    expect(ringOf([recordOf('id-1', record)]).find('id-1')).toMatchObject(record);
  });

  it.each([
    ['an admitted request', { status: 200, reason: undefined }],
    ["the upstream's own refusal", { status: 403, reason: undefined }],
    ['a response that broke after its head', { status: 200, reason: 'upstream_reset_in_body' }],
    ['a client that left an admitted request', { status: 499, reason: 'client_gone' }],
    ['an inherited name as the reason', { status: 400, reason: 'constructor' }],
  ])('is not %s', (_what, record) => {
    expect(ids(ringOf([recordOf('id-1', record)]))).toEqual([]);
  });

  it('has the route and the caller by reference, and no secret', () => {
    const ring = ringOf([recordOf('id-1', { detail: 'fixed', head: { clientRequestId: 'mine' } })]);
    const entry = ring.find('id-1');
    expect(entry).toEqual({
      requestId: 'id-1',
      clientRequestId: 'mine',
      atMs: NOW,
      method: 'GET',
      host: 'api.test',
      path: '/files/7',
      clientIp: '192.0.2.1',
      route: ROUTE,
      endpoint: undefined,
      principal: CALLER,
      status: 403,
      reason: 'insufficient_scope',
      detail: 'fixed',
      target: undefined,
      isShadow: false,
    });
    expect(entry?.route).toBe(ROUTE);
    expect(entry?.principal).toBe(CALLER);
    expect(JSON.stringify(entry)).not.toContain('secret');
  });

  it.each([
    [`/files/${JWT}`, '/files/[token]'],
    [`/files/${JWT}/stamps`, '/files/[token]/stamps'],
    [`/files/${JWT.replaceAll('.', '%2E')}/stamps`, '/files/[token]/stamps'],
    [`/token=${JWT};v=1`, '/token=[token]'],
    ['/files/eyJ', '/files/eyJ'],
    [`/${'a'.repeat(509)}/${JWT}`, `/${'a'.repeat(509)}/[…`],
    [`/${'a'.repeat(490)}/${JWT}`, `/${'a'.repeat(490)}/[token]`],
  ])('of the path %s is %s', (target, path) => {
    expect(ringOf([recordOf('id-1', { head: { target } })]).find('id-1')?.path).toBe(path);
  });
});

describe('what rules in shadow would have refused', () => {
  const admitted = { status: 200, reason: undefined, shadow: new Refusal('rate_limited', [], 'at most 1') };

  it('is kept apart from refusals, with the reason and the status that was sent', () => {
    const ring = ringOf([recordOf('id-1')]);
    ring.addShadow(recordOf('id-2', admitted));
    ring.addShadow(recordOf('id-3'));
    expect(ids(ring)).toEqual(['id-1']);
    expect(ring.list({ limit: 10, shadow: true })).toMatchObject([
      { requestId: 'id-2', status: 200, reason: 'rate_limited', detail: 'at most 1', isShadow: true },
    ]);
    expect(ring.find('id-2')).toBeUndefined();
  });

  it('takes no place of a refusal, however much of it there is', () => {
    const ring = ringOf([recordOf('id-1')], 3);
    for (let count = 0; count < 10; count++) ring.addShadow(recordOf(`shadow-${count}`, admitted));
    expect(ids(ring)).toEqual(['id-1']);
    expect(ids(ring, { shadow: true })).toEqual(['shadow-9', 'shadow-8', 'shadow-7']);
  });
});

describe('the list', () => {
  it('has the newest first, as many as asked for, by app and by route or endpoint', () => {
    const other = Object.freeze({ ...CALLER, app: 'app-2' });
    const endpoint = { route: undefined, endpoint: 'key_secret', principal: undefined };
    const ring = ringOf([
      recordOf('id-1'),
      recordOf('id-2', { principal: other }),
      recordOf('id-3', endpoint),
      recordOf('id-4'),
    ]);
    expect(ids(ring)).toEqual(['id-4', 'id-3', 'id-2', 'id-1']);
    expect(ids(ring, { limit: 2 })).toEqual(['id-4', 'id-3']);
    expect(ids(ring, { app: 'app-2' })).toEqual(['id-2']);
    expect(ids(ring, { app: 'app-1', limit: 1 })).toEqual(['id-4']);
    expect(ids(ring, { route: 'key_secret' })).toEqual(['id-3']);
    expect(ids(ring, { route: 'GET /files/{id}', app: 'nobody' })).toEqual([]);
  });

  it('is always the last refusals, whatever the size and the number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(60), (size, count) => {
        const all = Array.from({ length: count }, (_, at) => `id-${at}`);
        const ring = ringOf(
          all.map((id) => recordOf(id)),
          size,
        );
        expect(ids(ring)).toEqual(all.slice(-size).reverse());
      }),
    );
  });

  it('is searched by request id first, then by the id of the client', () => {
    const ring = ringOf([
      recordOf('id-1', { head: { clientRequestId: 'mine' } }),
      recordOf('id-2', { head: { clientRequestId: 'mine' } }),
      recordOf('mine'),
      recordOf('id-4', { head: { clientRequestId: 'id-1' } }),
    ]);
    expect(ring.find('id-1')?.requestId).toBe('id-1');
    expect(ring.find('mine')?.requestId).toBe('mine');
    expect(ringOf([recordOf('id-1', { head: { clientRequestId: 'mine' } })]).find('mine')?.requestId).toBe(
      'id-1',
    );
    expect(ring.find('id-9')).toBeUndefined();
  });
});

describe('the memory', () => {
  it('is bounded: 1,000 entries of less than 2 KiB, however long the targets and however many the requests', () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const heap = (): number => {
      gc();
      return process.memoryUsage().heapUsed;
    };
    const ring = new RecentRefusals(() => NOW);
    const before = heap();
    for (let at = 0; at < 5000; at++) {
      // From bytes, as the parser makes a string: one that a part of it would keep in memory.
      const text = (length: number): string => Buffer.alloc(length, `${at}/`).toString('latin1');
      const target = at % 2 === 0 ? `/${text(16_000)}?${text(200)}` : `/${text(100)}?${text(16_000)}`;
      const flat = Buffer.from(target, 'latin1').toString('latin1');
      const head = { target: flat, host: text(8000), clientIp: text(4000).slice(0, 40) };
      ring.add(recordOf(`id-${at}`, { head: { ...head, method: text(3000) } }));
    }
    const perEntry = (heap() - before) / 1000;
    const [newest] = ring.list({ limit: 1 });
    expect(ids(ring)).toHaveLength(1000);
    const [, second] = ring.list({ limit: 2 });
    expect([second?.path?.length, newest?.host?.length, newest?.method?.length]).toEqual([513, 256, 33]);
    expect([newest?.path?.length, newest?.clientIp.length]).toEqual([101, 40]);
    expect(perEntry).toBeLessThan(2048);
  });

  it('costs one pass for a path of nothing but beginnings of tokens', () => {
    const target = `/${'eyJ'.repeat(2700)}`;
    const ring = new RecentRefusals(() => NOW);
    const begun = performance.now();
    for (let at = 0; at < 2000; at++) ring.add(recordOf(`id-${at}`, { head: { target } }));
    expect((performance.now() - begun) / 2000).toBeLessThan(0.5);
  });
});
