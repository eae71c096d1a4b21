/** The access log's line: which fields it has, and which it leaves out when they have nothing to say. */
import { describe, expect, test } from 'vitest';
import { ANONYMOUS, type Principal } from '../../src/model/principal.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import type { RequestHead } from '../../src/model/request.js';
import type { Route } from '../../src/model/route.js';
import { createAccessLog } from '../../src/telemetry/access-log.js';

const HEAD = {
  id: 'id-1',
  clientRequestId: undefined,
  clientIp: '192.0.2.1',
  method: 'GET',
  target: '/users/secret-name?key=secret-query',
  authorization: 'Bearer secret-token',
  rawHeaders: ['Cookie', 'secret-cookie'],
} as unknown as RequestHead;
const ROUTE = { match: 'GET /users/{id}' } as Route;
const CALLER: Principal = { ...ANONYMOUS, issuer: 'main', app: 'app-1' };

function lineOf(record: Partial<ExchangeRecord>): Record<string, unknown> {
  const lines: object[] = [];
  const keep = (fields: object): void => void lines.push(fields);
  createAccessLog({ debug: keep, info: keep, warn: keep, error: keep })({
    head: HEAD,
    route: ROUTE,
    endpoint: undefined,
    principal: CALLER,
    status: 200,
    reason: undefined,
    detail: undefined,
    target: 'http://127.0.0.1:9001',
    durationMs: 12.34567,
    upstreamMs: 10.005,
    ...record,
  });
  expect(lines).toHaveLength(1);
  // As JSON, where what is undefined is not there.
  return JSON.parse(JSON.stringify(lines[0])) as Record<string, unknown>;
}

describe('the line of an exchange', () => {
  test('says who, what, which rule, how it ended and how long it took', () => {
    expect(lineOf({})).toEqual({
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

  test('of a refusal says why, and names neither an upstream nor a caller that there was not', () => {
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

  test('of the anonymous caller of a public route has no app', () => {
    const line = lineOf({ principal: ANONYMOUS });
    expect(line).not.toHaveProperty('app');
    expect(line).not.toHaveProperty('issuer');
  });

  test('of a request that no route names calls the route none', () => {
    expect(lineOf({ route: undefined, principal: undefined, status: 404 })).toMatchObject({ route: 'none' });
  });

  test('holds nothing of the target, the query, the token or a cookie', () => {
    for (const status of [200, 401, 404, 500]) {
      expect(JSON.stringify(lineOf({ status }))).not.toContain('secret');
    }
  });
});
