/**
 * nginx as a plain proxy with keep-alive connections, one worker, no checks and no log: its configuration for
 * an environment.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackContext } from './context.js';

/** @returns the configuration's path */
export async function configureNginx(port: number, folder: string, context: StackContext): Promise<string> {
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder};`,
  );
  const lines = [
    'daemon off;',
    'worker_processes 1;',
    'master_process off;',
    `pid ${join(folder, 'nginx-proxy.pid')};`,
    `error_log ${join(folder, 'nginx-proxy.error.log')};`,
    'events { worker_connections 8192; }',
    'http {',
    ...own,
    'access_log off;',
    'client_max_body_size 0;',
    'keepalive_requests 1000000000;',
    `upstream service { server ${new URL(context.upstream).host}; keepalive 256; keepalive_requests 1000000000; }`,
    `server { listen 127.0.0.1:${port} backlog=4096;`,
    '  location / { proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection ""; }',
    '}',
    '}',
  ];
  const file = join(folder, 'nginx-proxy.conf');
  await writeFile(file, lines.join('\n'));
  return file;
}
