/** Before the measurement: checks that a stack that should verify, check the scope and count does so. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { Scenario } from './scenario.js';
import type { TestIssuer } from './environment/issuer.js';

export async function probeChecks(url: string, scenario: Scenario, issuer: TestIssuer): Promise<void> {
  const app = 'app-probe';
  const right = issuer.sign(app, [scenario.scope]);
  strictEqual((await ask(url)).status, 401, 'without a token');
  strictEqual((await ask(url, issuer.forge(app, [scenario.scope]))).status, 401, 'with a forged token');
  strictEqual((await ask(url, issuer.sign(app, ['storage:read']))).status, 403, 'without the scope');

  const { requests, windowS } = scenario.limit;
  for (const used of [1, 2]) {
    const response = await ask(url, right);
    deepStrictEqual(
      [response.status, response.body, response.limit, response.remaining],
      [200, scenario.body, String(requests), String(requests - used)],
      `request ${used} of an app`,
    );
    // Some send a time, others the seconds until it.
    const reset = Number(response.reset);
    const aheadS = reset > 1e9 ? reset - Date.now() / 1000 : reset;
    ok(aheadS > -1 && aheadS <= windowS + 2, `X-RateLimit-Reset is ${aheadS} s ahead`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly limit: string | null;
  readonly remaining: string | null;
  readonly reset: string | null;
}

async function ask(url: string, token?: string): Promise<Answer> {
  const response = await fetch(
    url,
    token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } },
  );
  return {
    status: response.status,
    body: await response.text(),
    limit: response.headers.get('x-ratelimit-limit'),
    remaining: response.headers.get('x-ratelimit-remaining'),
    reset: response.headers.get('x-ratelimit-reset'),
  };
}
