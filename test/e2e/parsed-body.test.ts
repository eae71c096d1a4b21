/** Body parsers before the gateway: a parsed body is forwarded unchanged, or refused with a clear error. */
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import express, { type Express } from 'express';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLibrary, type Library } from '../support/library.js';
import type { Echo } from '../support/upstream.js';

let library: Library;

beforeAll(async () => {
  library = await createLibrary();
});

afterEach(() => library.closeGates());
afterAll(() => library.close());

describe('a body that a middleware before the gateway has read', () => {
  async function post(app: Express, path = '/open') {
    return request(app).post(path).set('Content-Type', 'application/json').send('{ "a" : 1 }');
  }

  it('is forwarded unchanged when it was kept as rawBody', async () => {
    const app = await library.openApp((app) =>
      app.use(
        express.json({
          verify: (req, _res, bytes) => {
            (req as typeof req & { rawBody?: Buffer }).rawBody = bytes;
          },
        }),
      ),
    );
    const response = await post(app);
    expect([response.status, (response.body as Echo).body]).toEqual([200, '{ "a" : 1 }']);
    expect((response.body as Echo).rawHeaders.join('|')).toMatch(/content-length\|11/i);
  });

  it('is forwarded unchanged after express.raw()', async () => {
    const app = await library.openApp((app) => app.use(express.raw({ type: '*/*' })));
    const response = await post(app);
    expect([response.status, (response.body as Echo).body]).toEqual([200, '{ "a" : 1 }']);
  });

  it('is refused with a clear error in the log when only the parsed object is left, and never hangs', async () => {
    const app = await library.openApp((app) => app.use(express.json()));
    const before = library.upstream.count();
    const response = await post(app);
    expect([response.status, response.body]).toEqual([
      500,
      { errors: [{ code: 500, message: expect.stringContaining('mount the gateway before') as string }] },
    ]);
    expect(library.upstream.count()).toBe(before);
    await library.closeGates();
    expect(await readFile(library.logFile, 'utf8')).toMatch(
      /"detail":"a middleware before the gateway has parsed .*mount the gateway before express\.json.*"msg":"the request body cannot be forwarded"/,
    );
  });

  it('is refused rather than forwarded decoded with its original Content-Encoding', async () => {
    const app = await library.openApp((app) => app.use(express.raw({ type: '*/*' })));
    const response = await request(app)
      .post('/open')
      .set('Content-Encoding', 'gzip')
      .set('Content-Type', 'application/json')
      .serialize((bytes) => bytes as string)
      .send(gzipSync('{"a":1}') as unknown as string);
    expect(response.status).toBe(500);
  });

  it('is streamed as usual where the parser ignores its type', async () => {
    const app = await library.openApp((app) => app.use(express.json()));
    const response = await request(app).post('/open').set('Content-Type', 'text/plain').send('plain words');
    expect([response.status, (response.body as Echo).body]).toEqual([200, 'plain words']);
  });

  it('may be empty: a POST without a body is forwarded after any parser', async () => {
    const app = await library.openApp((app) => app.use(express.json()));
    const response = await request(app)
      .post('/open')
      .set('Content-Type', 'application/json')
      .set('Content-Length', '0');
    expect([response.status, (response.body as Echo).body]).toEqual([200, '']);
  });

  it('is limited by max_body as if the gateway had read it', async () => {
    const app = await library.openApp((app) => app.use(express.raw({ type: '*/*' })), {
      defaults: { max_body: '8b' },
    });
    expect((await post(app)).status).toBe(413);
  });

  it('has no effect where the gateway refuses the request', async () => {
    const app = await library.openApp((app) => app.use(express.json()));
    expect((await post(app, '/files/7')).status).toBe(401);
  });
});
