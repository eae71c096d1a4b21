/** An upstream: a named group of targets, and how the gateway calls them. */

/** One origin, without a path. */
export interface Target {
  /** `http://10.0.0.5:9002` */
  readonly origin: string;
  /** `10.0.0.5:9002`: the Host field of a request to it. */
  readonly host: string;
}

export interface UpstreamTls {
  /** PEM of the authorities that the upstream's certificate is checked against; undefined: the system's. */
  readonly ca: string | undefined;
  /** PEM of the gateway's client certificate, and of its key; both or none. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The name for SNI, which the certificate must have; undefined: the target's host. */
  readonly serverName: string | undefined;
  /** Whether the certificate is not verified. */
  readonly insecure: boolean;
}

/** Active health checks: requests of the gateway's own that find out which targets respond. */
export interface HealthCheck {
  /** Requested with GET; a 2xx or 3xx is a success. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** This many consecutive failures make a target unhealthy; the very first check decides alone. */
  readonly unhealthyAfter: number;
  /** This many consecutive successes make it healthy again. */
  readonly healthyAfter: number;
}

/** Passive health: a target that fails callers' requests is not chosen while others respond. */
export interface Ejection {
  /** Consecutive failures: no connection, no response in time, a broken one, or a 502, 503 or 504. */
  readonly failures: number;
  /** How long the first ejection lasts; each consecutive one lasts that much longer. */
  readonly cooldownMs: number;
  /** How long a target takes to get its full share again after an ejection. */
  readonly slowStartMs: number;
}

/** Circuit breaker: refuses requests to a target at once while most of them fail, even if it is the only one. */
export interface Breaker {
  /** From 0 to 1: the fraction of the requests in a window that must have failed. */
  readonly failureRate: number;
  /** With fewer requests in the window the breaker stays closed. */
  readonly requests: number;
  readonly windowMs: number;
  /** How long it stays open before one trial request is let through. */
  readonly cooldownMs: number;
}

export interface Upstream {
  readonly name: string;
  /** At least one. */
  readonly targets: readonly [Target, ...Target[]];
  readonly connectTimeoutMs: number;
  /** The longest wait for the upstream's response headers. */
  readonly timeoutMs: number;
  /** The longest pause between two chunks of a body. */
  readonly idleTimeoutMs: number;
  /** The same for event streams and WebSocket tunnels. */
  readonly tunnelIdleMs: number;
  /** How long an idle connection to a target is kept for the next request. */
  readonly keepAliveMs: number;
  /**
   * How often a request is sent again after a failure, to another target if there is one. Applies to safe requests without
   * a body, and to any request of which no byte was sent.
   */
  readonly retries: number;
  /** The most connections to one target. */
  readonly maxConnections: number;
  /** The most WebSockets and event streams to one target, in addition to `maxConnections`. */
  readonly maxTunnels: number;
  readonly forwardAuthorization: boolean;
  /** The Host field: the target's own, or the caller's. */
  readonly host: 'target' | 'preserve';
  readonly headers: {
    /** Names as written, and their values. */
    readonly set: readonly (readonly [name: string, value: string])[];
    /** Names as written, and the top-level claims whose values they get. */
    readonly claims: readonly (readonly [name: string, claim: string])[];
    /** In lower case. */
    readonly remove: readonly string[];
  };
  /** The fields that any upstream gets from claims, by `plainName`: what a client sends in them reaches no upstream. */
  readonly identityFields: readonly string[];
  /** The file's `client_ip_header`, as written: the upstream gets the client's address in it. */
  readonly clientIpHeader: string | undefined;
  readonly tls: UpstreamTls;
  readonly balance: 'round-robin' | 'least-requests';
  /** Undefined: not checked. */
  readonly health: HealthCheck | undefined;
  /** Undefined: no target is ejected for its failures. */
  readonly ejection: Ejection | undefined;
  readonly breaker: Breaker | undefined;
  /** How often the host name of a target is resolved again. */
  readonly resolveEveryMs: number;
}
