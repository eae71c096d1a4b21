/** An nginx in front of a gateway. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './redis.js';
import { until } from './until.js';

/** Whether there is an nginx; the global setup has looked for one. */
export const hasNginx = process.env['TOLLGATE_NGINX'] !== undefined;

export interface TestNginx {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  stop(): Promise<void>;
}

/**
 * Starts nginx as one process.
 * @param location the `location` blocks of its server
 */
export async function startNginx(location: string): Promise<TestNginx> {
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n');
  const config = `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http { access_log off; ${temporary}
server { listen 127.0.0.1:${port}; ${location} } }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const args = ['-p', folder, '-c', 'nginx.conf', '-e', `${folder}/error.log`];
  const nginx = spawn(process.env['TOLLGATE_NGINX']!, args, { stdio: 'inherit' });
  const ended = once(nginx, 'exit');
  const origin = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(origin).catch(() => undefined)) !== undefined, 10_000);
  return {
    origin,
    async stop() {
      nginx.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
