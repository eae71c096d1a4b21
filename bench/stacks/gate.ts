/** The gateway as published, with its access log in a file: its configuration for an environment. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { StackContext } from './context.js';

export interface GatewayOptions {
  readonly port: number;
  readonly adminPort: number;
  /** Where the configuration and the log are written. */
  readonly folder: string;
  /** The prefix of its keys in Redis. */
  readonly name: string;
  /** The name of its file and its log, where several gateways share a prefix. */
  readonly fileName?: string;
}

/**
 * How a gateway differs from the usual one: limits in Redis, five routes, one worker, the scenario's limit.
 */
export interface GatewayVariant {
  readonly limits?: 'memory';
  readonly routes?: number;
  readonly workers?: number;
  readonly limit?: string;
  /** `host:port` of a Redis Cluster, in place of the environment's Redis. */
  readonly cluster?: readonly string[];
  /** The URL of a PostgreSQL database: the gateway then has a token service. */
  readonly database?: string;
}

/** @returns the configuration's path */
export async function configureGate(
  { port, adminPort, folder, name, fileName = name }: GatewayOptions,
  { limits, routes = 5, workers = 1, limit, cluster, database }: GatewayVariant,
  context: StackContext,
): Promise<string> {
  const { requests, windowS } = context.limit;
  const file = join(folder, `${fileName}.yaml`);
  const config = {
    listen: `127.0.0.1:${port}`,
    admin: `127.0.0.1:${adminPort}`,
    workers,
    jwks_cache: false,
    ...(limits !== 'memory' && {
      redis: { ...(cluster ? { cluster } : { url: context.redis }), key_prefix: `${name}:` },
    }),
    ...(database !== undefined && {
      tokens: { database, issuer: 'https://tokens.example', audience: context.audience },
    }),
    log: { file: join(folder, `${fileName}.access.log`) },
    issuers: {
      bench: {
        issuer: context.issuer,
        jwks: context.jwks,
        audience: context.audience,
        ...(database !== undefined && { grants: ['notarization:*', 'storage:*'] }),
      },
    },
    upstreams: { notarizations: context.upstream },
    defaults: { limit: limit ?? `${requests} per ${windowS}s` },
    routes: [...usualRoutes(context), ...furtherRoutes(routes - 5, context)],
  };
  await writeFile(file, stringify(config));
  return file;
}

function usualRoutes({ path, scope }: StackContext): readonly object[] {
  const route = { upstream: 'notarizations', scope };
  return [
    { match: `GET,POST ${path}`, ...route },
    { match: 'GET /notarizations/{id}/stamps', ...route },
    { match: 'POST /notarizations/{id}/stamps', ...route },
    { match: '* /files/{path*}', ...route },
    { match: 'GET /status', upstream: 'notarizations', public: true },
  ];
}

/** Routes that share prefixes with the requested one, as those of a grown service do. */
function furtherRoutes(count: number, { scope }: StackContext): readonly object[] {
  return Array.from({ length: count }, (_, i) => {
    const match = `GET /notarizations/{id}/part-${i % 50}/sub-${i}`;
    return { match, upstream: 'notarizations', scope };
  });
}
