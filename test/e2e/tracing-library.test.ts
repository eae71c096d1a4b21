/** Tracing as a library, and of requests that the gateway responds to itself. */
import request from 'supertest';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startCollector, type Collector } from '../support/collector.js';
import { createLibrary, type Library } from '../support/library.js';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let library: Library;
let collector: Collector;

beforeAll(async () => {
  [library, collector] = await Promise.all([createLibrary(), startCollector()]);
});
beforeEach(() => collector.clear());
afterAll(() => Promise.all([library.close(), collector.close()]));

it('Requests of the gateway have spans, and those of the application pass through unchanged', async () => {
  const seen: unknown[] = [];
  const app = await library.openApp(undefined, { tracing: { otlp: collector.origin } });
  app.use('/traced', (req, res) => {
    seen.push(req.headers['traceparent']);
    res.end();
  });
  await request(app).post('/open').set('traceparent', PARENT).expect(200);
  await request(app).get('/traced').set('traceparent', PARENT);
  await library.closeGates();
  expect(collector.spans).toMatchObject([
    { name: 'POST /open', traceId: PARENT.slice(3, 35), parentSpanId: PARENT.slice(36, 52) },
  ]);
  expect(seen).toEqual([PARENT]);
});

it('A preflight, a rule in shadow and a refusal have spans that say so', async () => {
  const app = await library.openApp(undefined, {
    tracing: { otlp: collector.origin },
    cors: { origins: ['https://app.example'] },
    routes: [
      { match: 'GET /files/{id}', upstream: 'echo', scope: 'storage:read', shadow: true, limit: 'none' },
    ],
  });
  await request(app)
    .options('/files/7')
    .set('Origin', 'https://app.example')
    .set('Access-Control-Request-Method', 'GET')
    .expect(204);
  await request(app)
    .get('/files/7')
    .set('Authorization', `Bearer ${library.issuer.sign({ scope: 'other' })}`)
    .expect(200);
  await request(app).get('/files/7').expect(401);
  await library.closeGates();
  expect(collector.spans).toMatchObject([
    { name: 'OPTIONS /files/{id}', attributes: { 'http.response.status_code': 204 } },
    { name: 'GET /files/{id}', attributes: { 'tollgate.shadow': 'insufficient_scope' } },
    { name: 'GET /files/{id}', attributes: { 'http.response.status_code': 401 }, status: 0 },
  ]);
});
