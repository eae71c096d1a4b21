/** Shadow mode as a library: the same record, in the gateway's own log and in that of the application. */
import { readFile } from 'node:fs/promises';
import express from 'express';
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tollgate } from '../../src/index.js';
import { createLibrary, type Library } from '../support/library.js';

let library: Library;

beforeAll(async () => {
  library = await createLibrary();
});
afterAll(() => library.close());

const LIMIT = { requests: 1, window: '1m', shadow: true } as const;
const routes = () => [
  { match: 'GET /files/{id}', upstream: 'echo', scope: 'storage:read', shadow: true, limit: LIMIT },
];
const EXPECTED = [
  { status: 200 },
  { status: 200, shadow: 'rate_limited', shadow_detail: 'at most 1 request per 1m for each app' },
  { status: 200, shadow: 'insufficient_scope', shadow_detail: 'storage:read' },
  { status: 401 },
];

async function askAll(app: express.Express): Promise<void> {
  for (const scope of ['storage:read', 'storage:read', 'other']) {
    const token = library.issuer.sign({ scope });
    await request(app).get('/files/7').set('Authorization', `Bearer ${token}`);
  }
  await request(app).get('/files/7');
}

it("The gateway's own log has what rules in shadow would refuse", async () => {
  const app = await library.openApp(undefined, {
    routes: routes(),
    log: { level: 'info', file: library.logFile },
  });
  await askAll(app);
  await library.closeGates();
  const lines = (await readFile(library.logFile, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string })
    .filter(({ msg }) => msg === 'request');
  expect(lines).toMatchObject(EXPECTED);
});

it('The log of the application has what rules in shadow would refuse', async () => {
  const lines: object[] = [];
  const ignore = (): void => undefined;
  const info = (fields: object, message: string): void => {
    if (message === 'request') lines.push(fields);
  };
  const gate = await tollgate(library.config({ routes: routes() }), {
    log: { debug: ignore, info, warn: ignore, error: ignore },
  });
  await askAll(express().use(gate));
  await gate.close();
  expect(lines).toMatchObject(EXPECTED);
});
