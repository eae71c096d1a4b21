/** The requests of docs/token-service.md that change an app: they give what the page shows. */
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { startGate } from '../support/gate.js';
import { administer, createDatabaseFile, makeApp, tokensIn } from '../support/token-gate.js';

const PAGE = readFileSync('docs/token-service.md', 'utf8');
/** A request of the page: its method, its path, its body, and the line after it. */
const REQUEST = /^\$ curl --request (\w+) http:\/\/127\.0\.0\.1:8081(\S+) --data '(.*)'\n(\{.*\})$/gm;

/** Replaces what differs at each run: keys, secrets and times. */
function masked(text: string): unknown {
  return JSON.parse(text, (name, value: unknown) =>
    ['key', 'secret', 'created', 'previous_secret_until'].includes(name) ? name : value,
  );
}

it('The page shows what a change and a rotation of an app respond', async () => {
  const file = await createDatabaseFile();
  const gate = await startGate({
    tokens: tokensIn(file.database),
    upstreams: { service: 'http://127.0.0.1:9' },
    routes: [{ match: 'GET /orders', upstream: 'service', public: true }],
  });
  onTestFinished(async () => {
    await gate.stop();
    await file.remove();
  });
  const { key } = await makeApp(gate, { name: 'Reports', scopes: ['notarization:read', 'storage:read'] });
  const requests = [...PAGE.matchAll(REQUEST)];
  expect(requests).toHaveLength(3);
  for (const [, method, path, body, shown] of requests) {
    const response = await administer(gate, method!, path!.replace('f8057b91…', key), JSON.parse(body!));
    expect(response.status).toBe(200);
    expect(masked(await response.text())).toEqual(masked(shown!));
  }
});
