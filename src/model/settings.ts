/** The file, validated and compiled: everything that `build-gateway.ts` builds a gateway from. */
import type { FailurePolicy } from './limit.js';
import type { Issuer } from './issuer.js';
import type { Cors, Route } from './route.js';
import type { TokenServiceSettings } from './tokens.js';
import type { TracingSettings } from './trace.js';
import type { Upstream } from './upstream.js';

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: ListenTls | undefined;
}

export interface AdminAddress extends ListenAddress {
  /** The accepted Host names, besides `localhost` and IP addresses; in lower case. */
  readonly hosts: readonly string[];
}

export interface ConsoleSettings {
  /** An address of its own; undefined: the admin port. */
  readonly listen: ListenAddress | undefined;
  /** The path below which it is: `/console`. */
  readonly prefix: string;
  /** The gateway's name, which it shows. */
  readonly name: string;
}

export interface ListenTls {
  /** PEM texts, read from the files that the configuration names. */
  readonly cert: string;
  readonly key: string;
  /** If set, every client must present a certificate of these authorities. */
  readonly clientCa: string | undefined;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** TLS to Redis: authorities, and the client certificate. Texts are PEM, read from the named files. */
export interface RedisTls {
  /** Undefined: the system's authorities. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The name that every server certificate must have. */
  readonly serverName: string | undefined;
  /**
   * Without `serverName`: the hosts in the file. A server that a cluster or a Sentinel announces by address may have a
   * certificate for one of these.
   */
  readonly hosts: readonly string[];
}

/** How the gateway authenticates to Redis. */
export interface RedisAccess {
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Undefined: without TLS. */
  readonly tls: RedisTls | undefined;
}

/** One server; a primary that Sentinels name; or the nodes of a cluster, of which one that responds is enough. */
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
      /** The Sentinels' name for the primary. */
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
  /** The prefix of every key. */
  readonly keyPrefix: string;
}

export interface ClientSettings {
  /** The longest time until the whole request head has arrived. */
  readonly headerTimeoutMs: number;
  /** The longest pause within a request body. */
  readonly bodyTimeoutMs: number;
  /** The lowest average rate at which a client may send a body, bytes per second; 0: no minimum. */
  readonly minBodyRate: number;
  readonly keepAliveMs: number;
  /** The most connections at a time; a further one is closed on arrival. */
  readonly maxConnections: number;
}

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** The file that lines are written to; undefined: standard output. */
  readonly file: string | undefined;
  /** Whether lines are written for a person to read, instead of as JSON. */
  readonly pretty: boolean;
  /** Which requests have a line: all, none, or those that failed. */
  readonly access: boolean | 'failures';
  /** Whether the access log has the path of each request. */
  readonly paths: boolean;
  /** Whether client ids and user names that failed are logged as they are, instead of as keyed hashes. */
  readonly clientIds: boolean;
}

export interface MetricsSettings {
  /** Whether the metrics have the ids of apps. */
  readonly byApp: boolean;
}

/** A key of the file that switches off a protection. */
export interface InsecureSetting {
  /** Its path in the file: `upstreams.legacy.tls.insecure`. */
  readonly key: string;
  /** From 1; 0 without a file. */
  readonly line: number;
  /** What is not protected. */
  readonly text: string;
}

export interface Settings {
  /** The configuration file's path, or a placeholder for a configuration given as an object. */
  readonly source: string;
  /** SHA-256 of the file's text, in hex: whether two readings are of the same text. Undefined without a file. */
  readonly sourceDigest: string | undefined;
  /** Undefined only for a gateway used as a library. */
  readonly listen: ListenAddress | undefined;
  readonly admin: AdminAddress | undefined;
  /** Undefined: there is none. A gateway used as a library does not open it. */
  readonly console: ConsoleSettings | undefined;
  /** Addresses and CIDR blocks. */
  readonly trustProxy: readonly string[];
  /** The field in which trusted proxies send the client's address, as written; undefined: the X-Forwarded-For chain. */
  readonly clientIpHeader: string | undefined;
  readonly redis: RedisSettings | undefined;
  /** The file's issuers, then the token service's own. */
  readonly issuers: readonly Issuer[];
  readonly upstreams: readonly Upstream[];
  readonly routes: readonly Route[];
  readonly cors: Cors | undefined;
  /** Undefined where the gateway issues no tokens. */
  readonly tokens: TokenServiceSettings | undefined;
  readonly client: ClientSettings;
  readonly log: LogSettings;
  readonly metrics: MetricsSettings;
  /** Undefined: nothing is traced. */
  readonly tracing: TracingSettings | undefined;
  readonly drainTimeoutMs: number;
  /** How long new connections are still accepted during the drain; undefined: 1 s, at most a tenth of the drain. */
  readonly drainDelayMs: number | undefined;
  readonly allowSemicolon: boolean;
  /** How many keys the memory store holds; beyond that `on_failure` decides for a new key. */
  readonly maxLimitKeys: number;
  /** The policy of routes without their own. */
  readonly onFailure: FailurePolicy;
  readonly limitHeaders: 'legacy' | 'draft';
  /** The path of the endpoint that lists a caller's limits; undefined: none. */
  readonly limitStatus: string | undefined;
  /** The fields that upstreams get from claims, by `plainName`. */
  readonly identityFields: readonly string[];
  /** The top-level claims that routes and upstreams name. A Principal keeps these alone. */
  readonly keptClaims: readonly string[];
  /** How many verified tokens are cached. */
  readonly tokenCacheSize: number;
  /** How old an issuer's keys may be before they are fetched again. */
  readonly jwksMaxAgeMs: number;
  /** How long the last good keys are used while the issuer is unavailable. */
  readonly jwksMaxStaleMs: number;
  /** The folder that keeps the last good keys for a cold start; undefined: none. */
  readonly jwksCache: string | undefined;
  /** The folder that keeps the last known revocations for a start without their source; undefined: none. */
  readonly revocationCache: string | undefined;
  /** The most requests in flight; a further one is refused before any work is done for it. */
  readonly maxInFlight: number;
  /** How many worker processes; `auto`: as many as the machine has processors for. */
  readonly workers: number | 'auto';
  /** Logged at each start and reload. */
  readonly insecure: readonly InsecureSetting[];
  /** The files that were read besides the configuration itself: certificates, keys. */
  readonly files: readonly string[];
}

/** One `expect` case of a route, which `tollgate check` runs. */
export interface Expectation {
  readonly route: Route;
  /** Its position in the file. */
  readonly line: number;
  readonly column: number;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  /** Undefined: without a token. */
  readonly scopes: readonly string[] | undefined;
  /** Further claims of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly status: number;
}
