/** The admin port: health and readiness, and nothing that other clients or caches could use. */
import { Gauge, Registry } from 'prom-client';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import request from 'supertest';
import { createAdminApp } from '../../src/admin/admin.js';

describe('the admin app', () => {
  it('reports that the process is alive, ready or not', async () => {
    for (const ready of [true, false]) {
      const response = await request(
        createServer(createAdminApp({ ready: () => ready, api: () => undefined, metrics: new Registry() })),
      ).get('/healthz');
      expect([response.status, response.body]).toEqual([200, { status: 'ok' }]);
      expect(response.headers['cache-control']).toBe('no-store');
    }
  });

  it('reports whether it should get traffic, evaluated at each request', async () => {
    let ready = true;
    const app = createServer(
      createAdminApp({ ready: () => ready, api: () => undefined, metrics: new Registry() }),
    );
    expect((await request(app).get('/readyz')).status).toBe(200);
    ready = false;
    const response = await request(app).get('/readyz');
    expect([response.status, response.body]).toEqual([503, { status: 'not ready' }]);
  });

  it.each([
    ['gzip', 'gzip'],
    ['gzip;q=0, identity', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['br', undefined],
    ['', undefined],
  ])('sends the metrics in what a client accepts: "%s"', async (accepted, encoding) => {
    const metrics = new Registry();
    new Gauge({ name: 'a_gauge', help: 'A gauge.', registers: [metrics] }).set(7);
    const app = createServer(createAdminApp({ ready: () => true, api: () => undefined, metrics }));
    const response = await request(app).get('/metrics').set('Accept-Encoding', accepted);
    expect(response.text).toContain('a_gauge 7\n');
    expect(response.headers['content-type']).toBe(metrics.contentType);
    expect(response.headers['content-encoding']).toBe(encoding);
  });

  it('has no other path and does not reveal what it is built with', async () => {
    const response = await request(
      createServer(createAdminApp({ ready: () => true, api: () => undefined, metrics: new Registry() })),
    ).get('/notarizations');
    expect([response.status, response.body]).toEqual([
      404,
      { errors: [{ code: 34, message: 'No such resource' }] },
    ]);
    expect(response.headers).not.toHaveProperty('x-powered-by');
  });
});
