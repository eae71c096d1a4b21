/** Compiles a validated configuration into the settings of a gateway. The checks have excluded every failure. */
import { dirname, join } from 'node:path';
import type { ClaimPath } from '../../model/claim.js';
import type { Expectation, Settings } from '../../model/settings.js';
import type { Upstream } from '../../model/upstream.js';
import type { Files } from '../files.js';
import { freeze } from '../freeze.js';
import type { Path, Problem } from '../problem.js';
import type { Validated } from '../schema/schema.js';
import type { Source } from '../source.js';
import type { ValidConfig } from '../validate.js';
import { compileConsole } from './console.js';
import { compileIssuers } from './issuers.js';
import { compileAdmin, compileListen } from './listen.js';
import { compileRedis } from './redis.js';
import { compileCors, compileExpectation, compileRoute } from './routes.js';
import { compileTokens, ownIssuers, usualIssuers } from './tokens.js';
import { compileTracing } from './tracing.js';
import { compileUpstreams, identityFieldsOf } from './upstreams.js';

/** A configuration that was checked and compiled. */
export interface LoadedConfig {
  readonly settings: Settings;
  /** The `expect` cases of all routes, in the order of the file. */
  readonly expectations: readonly Expectation[];
  /** What is allowed but insecure or unlikely, in the order of the file. */
  readonly warnings: readonly Problem[];
  /** A line of the file, counted from 1; undefined without a file. */
  readonly sourceLine: (line: number) => string | undefined;
  /** Makes a problem at the value of a path of the file, for checks of the compiled settings. */
  readonly problemAt: (path: Path, text: string) => Problem;
}

/**
 * Compiles the parts and freezes the result.
 * @param source its name, for messages, and the digest of its text
 * @param locationOf where a path is in the file
 */
export function compile(
  { config, warnings, insecure }: ValidConfig,
  { name, digest }: Pick<Source, 'name' | 'digest'>,
  files: Files,
  locationOf: (path: Path) => { readonly line: number; readonly column: number },
): Omit<LoadedConfig, 'sourceLine' | 'problemAt'> {
  const upstreams = compileUpstreams(config, files);
  const onFailure = config.redis?.on_failure ?? 'local';
  const cors = compileCors(config.cors);
  const tokens = config.tokens && compileTokens(config.tokens, files);
  const issuers = [...compileIssuers(config.issuers, files), ...(tokens ? ownIssuers(tokens) : [])];
  const context = {
    defaults: config.defaults,
    onFailure,
    cors,
    upstreams,
    usualIssuers: usualIssuers(issuers),
  };
  const routes = config.routes.map((route, index) =>
    compileRoute(route, locationOf(['routes', index]).line, context),
  );
  const expectations = config.routes.flatMap(({ expect }, index) =>
    expect.map((each, entry) =>
      compileExpectation(routes[index]!, each, locationOf(['routes', index, 'expect', entry])),
    ),
  );
  const { redis, client, log } = config;
  const settings: Settings = {
    source: name,
    sourceDigest: digest,
    listen: config.listen && compileListen(config.listen, files),
    admin: config.admin && compileAdmin(config.admin, files),
    console: compileConsole(config.console, files),
    trustProxy: config.trust_proxy,
    clientIpHeader: config.client_ip_header,
    redis: redis && compileRedis(redis, files),
    issuers,
    tokens,
    upstreams: [...upstreams.values()],
    routes,
    cors,
    client: {
      headerTimeoutMs: client.header_timeout,
      bodyTimeoutMs: client.body_timeout,
      minBodyRate: client.min_body_rate,
      keepAliveMs: client.keep_alive,
      maxConnections: client.max_connections,
    },
    log: compileLog(log, files),
    metrics: { byApp: config.metrics.by_app },
    tracing: compileTracing(config.tracing),
    drainTimeoutMs: config.drain_timeout,
    drainDelayMs: config.drain_delay,
    allowSemicolon: config.allow_semicolon,
    maxLimitKeys: config.limits.max_keys,
    onFailure,
    limitHeaders: config.limit_headers,
    limitStatus: config.limit_status,
    identityFields: identityFieldsOf(config),
    keptClaims: claimNames([
      ...routes.flatMap(({ require = [], shadow }) =>
        [...require, ...(shadow?.require ?? [])].map(({ path }) => path),
      ),
      ...[...upstreams.values()].flatMap(claimsOf),
    ]),
    tokenCacheSize: config.token_cache,
    jwksMaxAgeMs: config.jwks_max_age,
    jwksMaxStaleMs: config.jwks_max_stale,
    jwksCache: config.jwks_cache === false ? undefined : files.path(config.jwks_cache),
    revocationCache: revocationCache(config, files),
    maxInFlight: config.max_in_flight,
    workers: config.workers,
    insecure,
    files: files.read(),
  };
  return freeze({ settings, expectations, warnings });
}

function claimsOf({ headers }: Upstream): readonly ClaimPath[] {
  return headers.claims.map(([, claim]) => [claim]);
}

function compileLog({ file, client_ids: clientIds, ...log }: Validated['log'], files: Files) {
  return { ...log, file: file === undefined ? undefined : files.path(file), clientIds };
}

/** The top-level claims that the paths begin with, each once. */
function claimNames(paths: readonly ClaimPath[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => path.slice(0, 1)))];
}

/** The folder of the revocations, by default beside the issuers' keys; none if those are not kept either. */
function revocationCache({ revocation_cache, jwks_cache }: Validated, files: Files): string | undefined {
  if (revocation_cache === false) return undefined;
  if (revocation_cache !== undefined) return files.path(revocation_cache);
  return jwks_cache === false ? undefined : join(dirname(files.path(jwks_cache)), 'revocations');
}
