/** The gate as it is published, with its access log on, to a file: its configuration for a world. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { World } from './world.js';

export interface GatePlace {
  readonly port: number;
  readonly adminPort: number;
  /** Where the configuration and the log go. */
  readonly folder: string;
  readonly name: string;
  readonly limits: 'memory' | 'redis';
}

/** @returns the configuration's path */
export async function configureGate(
  { port, adminPort, folder, name, limits }: GatePlace,
  world: World,
): Promise<string> {
  const { requests, windowS } = world.limit;
  const route = { upstream: 'notarizations', scope: world.scope };
  const file = join(folder, `${name}.yaml`);
  const config = {
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
    ...(limits === 'redis' && { redis: { url: world.redis, key_prefix: 'gate:' } }),
    log: { file: join(folder, `${name}.access.log`) },
    issuers: { bench: { issuer: world.issuer, jwks: world.jwks, audience: world.audience } },
    upstreams: { notarizations: world.upstream },
    defaults: { limit: `${requests} per ${windowS}s` },
    routes: [
      { match: `GET ${world.path}`, ...route },
      { match: 'GET /notarizations/{id}/stamps', ...route },
      { match: 'POST /notarizations/{id}/stamps', ...route },
      { match: '* /files/{path*}', ...route },
      { match: 'GET /status', upstream: 'notarizations', public: true },
    ],
  };
  await writeFile(file, stringify(config));
  return file;
}
