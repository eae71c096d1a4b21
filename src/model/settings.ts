/** The file, validated and compiled: everything that `build-gateway.ts` builds a gate from. */
import type { FailurePolicy } from './limit.js';
import type { Issuer } from './issuer.js';
import type { Cors, Route } from './route.js';
import type { TokenServiceSettings } from './tokens.js';
import type { Upstream } from './upstream.js';

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: ListenTls | undefined;
}

export interface AdminAddress extends ListenAddress {
  /** The names by which it may be asked, beside `localhost` and IP addresses; in lower case. */
  readonly hosts: readonly string[];
}

export interface ListenTls {
  /** PEM texts, read from the files that the configuration names. */
  readonly cert: string;
  readonly key: string;
  /** Where set, every client must show a certificate of these authorities. */
  readonly clientCa: string | undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** How servers of Redis prove who they are, and the gate to them. Texts are PEM, read from the files that are named. */
export interface RedisTls {
  /** Undefined: the system's authorities. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The one name that every certificate must have. */
  readonly serverName: string | undefined;
  /**
   * Without `serverName`: the hosts that the file names. A server that a cluster or a Sentinel announces by an address may
   * have a certificate for one of these.
   */
  readonly hosts: readonly string[];
}

/** How the gate makes itself known to Redis. */
export interface RedisAccess {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Undefined: without TLS. */
  readonly tls: RedisTls | undefined;
}

/** One server; a primary that Sentinels name; or the nodes of a cluster, of which one that answers is enough. */
export type RedisServers =
  | {
      readonly kind: 'single';
      /** A host, or the path of a Unix socket. */
      readonly address: HostPort | { readonly path: string };
      /** The number of the database. */
      readonly db: number;
      readonly access: RedisAccess;
    }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly HostPort[];
      /** By which the Sentinels know the primary. */
      readonly name: string;
      readonly access: RedisAccess;
      /** To the Sentinels themselves. */
      readonly sentinelAccess: RedisAccess;
    }
  | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[]; readonly access: RedisAccess };

export interface RedisSettings {
  readonly servers: RedisServers;
  /** The longest that one call may take. */
  readonly timeoutMs: number;
  /** Stands before every key. */
  readonly keyPrefix: string;
}

export interface ClientSettings {
  /** The whole request head must have arrived by then. */
  readonly headerTimeoutMs: number;
  /** The longest silence in the middle of a request body. */
  readonly bodyTimeoutMs: number;
  /** The least that a client must send of a body on the average, bytes per second; 0: as slowly as it likes. */
  readonly minBodyRate: number;
  readonly keepAliveMs: number;
  /** How many connections there may be at once; one more is closed as it comes. */
  readonly maxConnections: number;
}

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where lines go; undefined: standard output. */
  readonly file: string | undefined;
  /** Whether the access log has the path of each request. */
  readonly paths: boolean;
  /** Whether client ids and user names that failed stand there as they are, instead of as keyed hashes. */
  readonly clientIds: boolean;
}

export interface Settings {
  /** The configuration file's path, or a word for a configuration given as an object. */
  readonly source: string;
  /** Undefined only for a gate used as a library. */
  readonly listen: ListenAddress | undefined;
  readonly admin: AdminAddress | undefined;
  /** Addresses and CIDR blocks. */
  readonly trustProxy: readonly string[];
  readonly redis: RedisSettings | undefined;
  /** The file's issuers, then the token service's own. */
  readonly issuers: readonly Issuer[];
  readonly upstreams: readonly Upstream[];
  readonly routes: readonly Route[];
  readonly cors: Cors | undefined;
  /** Undefined where the gate hands out no tokens. */
  readonly tokens: TokenServiceSettings | undefined;
  readonly client: ClientSettings;
  readonly log: LogSettings;
  readonly drainTimeoutMs: number;
  /** How much of it new connections are still taken; undefined: a second, but no more than a tenth of it. */
  readonly drainDelayMs: number | undefined;
  readonly allowSemicolon: boolean;
  /** How many keys the memory store holds before a new one is treated as `on_failure` says. */
  readonly maxLimitKeys: number;
  /** The policy of routes that name none. */
  readonly onFailure: FailurePolicy;
  readonly limitHeaders: 'legacy' | 'draft';
  /** How many verified tokens are remembered. */
  readonly tokenCacheSize: number;
  /** How old an issuer's keys may grow before they are fetched again. */
  readonly jwksMaxAgeMs: number;
  /** How long the last good keys serve while the issuer is away. */
  readonly jwksMaxStaleMs: number;
  /** The folder in which the last good keys are kept for a cold start; undefined: nowhere. */
  readonly jwksCache: string | undefined;
  /** The folder in which the last known revocations are kept for a start without their source; undefined: nowhere. */
  readonly revocationCache: string | undefined;
  /** How many requests may be under way at once; one more is refused before anything is done for it. */
  readonly maxInFlight: number;
  /** How many processes serve; `auto`: as many as the machine has processors for. */
  readonly workers: number | 'auto';
  /** The files that were read beside the configuration itself: certificates, keys. */
  readonly files: readonly string[];
}

/** One `expect` case of a route, which `tollgate check` runs. */
export interface Expectation {
  readonly route: Route;
  /** Where it stands in the file. */
  readonly line: number;
  readonly column: number;
  readonly method: string;
  readonly path: string;
  /** Undefined: without a token. */
  readonly scopes: readonly string[] | undefined;
  readonly status: number;
}
