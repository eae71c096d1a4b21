/**
 * The service behind every stack: nginx if it is installed, else a small Node server; it counts its requests.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inBench } from '../paths.js';
import { startChild, type Child } from './child.js';
import { findCommand } from './command.js';
import { freePort } from './port.js';

export interface Upstream extends Child {
  readonly kind: 'nginx' | 'node';
  readonly origin: string;
  /** How many requests it got. */
  count(): Promise<number>;
}

/**
 * @param readsBodies whether requests have bodies: nginx responds from its configuration before it has read
 * one
 */
export async function startUpstream(folder: string, body: string, readsBodies: boolean): Promise<Upstream> {
  const [port, countPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${port}`;
  const bodyFile = join(folder, 'answer');
  await writeFile(bodyFile, body);
  const nginx = readsBodies ? undefined : findCommand('nginx');
  const command = nginx
    ? await nginxCommand(nginx, folder, { port, countPort, body })
    : [
        process.execPath,
        inBench('environment/upstream-process.js'),
        String(port),
        String(countPort),
        bodyFile,
      ];

  // Each read of the counter is itself a request that both kinds count.
  let looks = 0;
  const count = async (): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${countPort}/`)).text();
    looks++;
    return readCount(text) - looks;
  };
  const child = await startChild('the upstream', command, async () => (await count()) >= 0);
  return { ...child, kind: nginx ? 'nginx' : 'node', origin, count };
}

/** nginx's stub_status: three totals in a line, the last one the requests. */
function readCount(status: string): number {
  const [, requests] = /^\s*\d+ \d+ (\d+)\s*$/m.exec(status) ?? [];
  if (requests === undefined) throw new Error('the upstream does not tell how many requests it had');
  return Number(requests);
}

interface NginxOptions {
  readonly port: number;
  readonly countPort: number;
  readonly body: string;
}

async function nginxCommand(
  nginx: string,
  folder: string,
  { port, countPort, body }: NginxOptions,
): Promise<readonly string[]> {
  const file = join(folder, 'nginx.conf');
  const errorLog = join(folder, 'nginx.error.log');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder};`,
  );
  const lines = [
    'daemon off;',
    'master_process off;',
    `pid ${join(folder, 'nginx.pid')};`,
    `error_log ${errorLog};`,
    'events { worker_connections 4096; }',
    'http {',
    ...temporary,
    'access_log off;',
    'client_max_body_size 0;',
    'client_body_buffer_size 2m;',
    'keepalive_requests 1000000000;',
    'default_type application/json;',
    `server { listen 127.0.0.1:${port} backlog=4096; location / { ${responding(folder, body)} } }`,
    `server { listen 127.0.0.1:${countPort}; location / { stub_status; } }`,
    '}',
  ];
  await writeFile(file, lines.join('\n'));
  return [nginx, '-p', folder, '-c', file, '-e', errorLog];
}

/** nginx accepts no long text in its configuration, and serves a file only for a GET. */
function responding(folder: string, body: string): string {
  return body.length < 1000 ? `return 200 '${body}';` : `root ${folder}; try_files /answer =404;`;
}
