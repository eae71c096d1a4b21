/** The access log's line: which fields it has, and which it omits without a value. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import { Refusal } from '../../src/model/refusal.js';
import type { RequestHead } from '../../src/model/request.js';
import type { Route } from '../../src/model/route.js';
import { createAccessLog } from '../../src/telemetry/access-log.js';
import { createRequestLines } from '../../src/telemetry/request-lines.js';

const HEAD = {
  id: 'id-1',
  clientRequestId: undefined,
  clientIp: '192.0.2.1',
  method: 'GET',
  target: '/users/secret-name?key=secret-query',
  authorization: 'Bearer secret-token',
  rawHeaders: ['Cookie', 'secret-cookie'],
} as unknown as RequestHead;
const NOW = Date.UTC(2026, 10, 22, 10, 0, 0, 7);
const ROUTE = { label: 'GET /users/{id}' } as Route;
const CALLER: Principal = { ...ANONYMOUS, issuer: 'main', app: 'app-1' };

function lineOf(record: Partial<ExchangeRecord>, paths = false): Record<string, unknown> {
  const lines: string[] = [];
  createAccessLog({ writeInfo: (line) => lines.push(line), now: () => NOW, logged: { access: true, paths } })(
    {
      head: HEAD,
      route: ROUTE,
      endpoint: undefined,
      principal: CALLER,
      status: 200,
      reason: undefined,
      detail: undefined,
      shadow: undefined,
      target: 'http://127.0.0.1:9001',
      durationMs: 12.34567,
      upstreamMs: 10.005,
      ...record,
    },
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}

describe('the path of a request', () => {
  it('is omitted unless configured', () => {
    expect(lineOf({})).not.toHaveProperty('path');
  });

  it.each([
    ['/users/secret-name?key=secret-query', '/users/secret-name'],
    ['/a#b?c', '/a'],
    ['http://user:secret@h.example/a/b?key=secret', '/a/b'],
    ['/a/eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.sig/b?key=secret', '/a/[token]/b'],
    ['*', undefined],
    ['h.example:443', undefined],
    [undefined, undefined],
  ])('of %s is %s, never with the query', (target, path) => {
    const line = lineOf({ head: { ...HEAD, target } }, true);
    expect(line['path']).toBe(path);
    expect(JSON.stringify(line)).not.toMatch(/secret-query|key=secret/);
  });
});

describe('the line of an exchange', () => {
  it('has the caller, the request, the route, the result and the duration', () => {
    expect(lineOf({})).toEqual({
      level: 'info',
      time: '2026-11-22T10:00:00.007Z',
      msg: 'request',
      request_id: 'id-1',
      client_ip: '192.0.2.1',
      method: 'GET',
      route: 'GET /users/{id}',
      issuer: 'main',
      app: 'app-1',
      status: 200,
      target: 'http://127.0.0.1:9001',
      duration_ms: 12.35,
      upstream_ms: 10.01,
    });
  });

  it('of a refusal has the reason, and neither an upstream nor a caller if there was none', () => {
    const line = lineOf({
      principal: undefined,
      status: 401,
      reason: 'no_token',
      target: undefined,
      upstreamMs: undefined,
    });
    expect(line).toMatchObject({ status: 401, reason: 'no_token', route: 'GET /users/{id}' });
    for (const field of ['app', 'issuer', 'target', 'upstream_ms']) expect(line).not.toHaveProperty(field);
  });

  it('of a request that rules in shadow would refuse has the reason and the detail of that refusal', () => {
    const shadow = new Refusal('rate_limited', [], 'at most "1"\n');
    expect(lineOf({ shadow })).toMatchObject({
      status: 200,
      shadow: 'rate_limited',
      shadow_detail: 'at most "1"\n',
    });
    const bare = lineOf({ shadow: new Refusal('rate_limited') });
    expect(bare).not.toHaveProperty('shadow_detail');
    for (const field of ['shadow', 'reason']) expect(lineOf({})).not.toHaveProperty(field);
  });

  it('of the anonymous caller of a public route has no app', () => {
    const line = lineOf({ principal: ANONYMOUS });
    expect(line).not.toHaveProperty('app');
    expect(line).not.toHaveProperty('issuer');
  });

  it('of a request that matches no route has the route none', () => {
    expect(lineOf({ route: undefined, principal: undefined, status: 404 })).toMatchObject({ route: 'none' });
  });

  it('contains nothing of the target, the query, the token or a cookie', () => {
    for (const status of [200, 401, 404, 500]) {
      expect(JSON.stringify(lineOf({ status }))).not.toContain('secret');
    }
  });
});

it('the line is JSON with any texts in it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, other) => {
      const head = { ...HEAD, id: one, clientRequestId: other, method: other };
      const principal = { ...ANONYMOUS, issuer: `i${one}`, app: `a${other}` };
      const line = lineOf({ head, principal, route: { label: one } as Route, detail: other, target: one });
      expect(line).toMatchObject({
        request_id: one,
        client_request_id: other,
        method: other,
        route: one,
        issuer: `i${one}`,
        app: `a${other}`,
        detail: other,
        target: one,
      });
    }),
  );
});

it('the time is that of each line, also across the end of a second', () => {
  const times: string[] = [];
  let now = Date.UTC(2026, 11, 31, 23, 59, 59, 998);
  const observe = createAccessLog({
    writeInfo: (line) => times.push((JSON.parse(line) as { time: string }).time),
    now: () => now,
  });
  const record = { head: HEAD, route: ROUTE, status: 200, durationMs: 1 } as unknown as ExchangeRecord;
  for (; now < Date.UTC(2027, 0, 1, 0, 0, 0, 2); now += 0.5) observe(record);
  expect(times).toEqual(
    Array.from({ length: 8 }, (_, i) =>
      new Date(Date.UTC(2026, 11, 31, 23, 59, 59, 998) + i * 0.5).toISOString(),
    ),
  );
});

describe.each([
  [true, [200, 403, 500, 502, 499, 200]],
  ['failures', [403, 500, 502, 499, 200]],
  [false, []],
] as const)('with access: %s', (access, statuses) => {
  it(`the log has the statuses ${statuses.join(', ') || 'of no request'}, also of a library`, () => {
    const lines: string[] = [];
    const objects: { status: number }[] = [];
    const info = (fields: object): void => void objects.push(fields as { status: number });
    const log = { debug: info, info, warn: info, error: info };
    const logged = { access, paths: false };
    const observers = [
      createAccessLog({ writeInfo: (line) => lines.push(line), now: () => NOW, logged }),
      createRequestLines(log, logged),
    ];
    const base = { head: HEAD, route: ROUTE, durationMs: 1 } as unknown as ExchangeRecord;
    const records: Partial<ExchangeRecord>[] = [
      { status: 200 },
      { status: 403, reason: 'insufficient_scope' },
      // The upstream's own.
      { status: 500 },
      { status: 502, reason: 'upstream_broken' },
      { status: 499, reason: 'client_gone' },
      { status: 200, shadow: new Refusal('insufficient_scope') },
    ];
    for (const observe of observers) for (const record of records) observe({ ...base, ...record });
    expect(lines.map((line) => (JSON.parse(line) as { status: number }).status)).toEqual(statuses);
    expect(objects.map(({ status }) => status)).toEqual(statuses);
  });
});
