/** The decision of a refusal in the log: at level debug only, and without what may be private. */
import { setImmediate as nextTick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createRefusalReports } from '../../src/app/refusal-reports.js';
import { ANONYMOUS } from '../../src/model/principal.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import type { RequestHead } from '../../src/model/request.js';
import { compileConfig } from '../../src/config/config.js';
import { createAuthorize } from '../../src/authorize/authorize.js';
import { createMatch, createReadTarget } from '../../src/match/match.js';
import { until } from '../support/until.js';

const { settings } = compileConfig(
  {
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /files/{id}', upstream: 'service', public: true }],
  },
  { env: {}, baseFolder: process.cwd() },
);

const gateway = {
  readTarget: createReadTarget({ allowSemicolon: false }),
  steps: { match: createMatch(settings.routes, { allowSemicolon: false }), authorize: createAuthorize() },
  tokens: undefined,
};

const RECORD: ExchangeRecord = {
  head: {
    id: 'id-1',
    clientRequestId: undefined,
    clientIp: '192.0.2.1',
    method: 'GET',
    host: 'api.test',
    target: '/files/private-name?key=secret-query',
    authorization: 'Bearer secret-token',
  } as RequestHead,
  route: settings.routes[0],
  shadow: undefined,
  endpoint: undefined,
  principal: ANONYMOUS,
  status: 502,
  reason: 'upstream_unreachable',
  detail: 'no connection',
  target: 'http://127.0.0.1:9',
  durationMs: 1,
  upstreamMs: undefined,
};

type Line = readonly [fields: { readonly decision?: object }, message: string];

function reportsAt(isDebug: boolean, paths = false) {
  const lines: Line[] = [];
  let asked = 0;
  const ignore = (): void => undefined;
  const reports = createRefusalReports({
    log: {
      debug: (...line) => lines.push(line),
      error: (...line) => lines.push(line),
      ...{ info: ignore, warn: ignore, isLevelEnabled: () => isDebug },
    },
    now: () => Date.UTC(2026, 10, 22),
    current() {
      asked += 1;
      return { settings: { ...settings, log: { ...settings.log, paths } }, gateway };
    },
  });
  return { reports, lines, asked: () => asked };
}

describe('a refusal', () => {
  it('has one more line at debug, with the whole decision, and neither path, query nor token', async () => {
    const { reports, lines } = reportsAt(true);
    reports.add(RECORD);
    await until(() => lines.length > 0);
    expect(lines).toEqual([
      [
        {
          request_id: 'id-1',
          decision: expect.objectContaining({
            verdict: 'refuse',
            status: 502,
            route: 'GET /files/{id}',
            reason: 'upstream_unreachable',
          }) as object,
        },
        'refusal explained',
      ],
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/private|secret/);
  });

  it('has its path there where the file allows paths in the log', async () => {
    const { reports, lines } = reportsAt(true, true);
    reports.add(RECORD);
    await until(() => lines.length > 0);
    expect(lines[0]?.[0].decision).toMatchObject({ request: { path: '/files/private-name' } });
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('is only kept at the level info: no decision is made', async () => {
    const { reports, lines, asked } = reportsAt(false);
    reports.add(RECORD);
    await nextTick();
    expect([lines, asked()]).toEqual([[], 0]);
    expect(reports.list({ limit: 9 })).toHaveLength(1);
  });
});

it('An admitted request has no line at debug and is not kept', async () => {
  const { reports, lines, asked } = reportsAt(true);
  reports.add({ ...RECORD, status: 200, reason: undefined });
  await nextTick();
  expect([lines, asked(), reports.list({ limit: 9 })]).toEqual([[], 0, []]);
});
