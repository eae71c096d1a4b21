/** An upstream: a named group of targets, and how the gate speaks to them. */

/** One origin, without a path. */
export interface Target {
  /** `http://10.0.0.5:9002` */
  readonly origin: string;
  /** `10.0.0.5:9002`, as the Host field of a request to it. */
  readonly host: string;
}

export interface UpstreamTls {
  /** PEM of the authorities that the upstream's certificate is checked against; undefined: the system's. */
  readonly ca: string | undefined;
  /** PEM of the certificate that the gate shows, and of its key; both or none. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Requests of the gate's own that find out which targets answer. */
export interface HealthCheck {
  /** Asked with GET; a 2xx or 3xx is good. */
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** So many bad answers in a row take a target out; the first check of all decides alone. */
  readonly unhealthyAfter: number;
  /** So many good ones in a row bring it back. */
  readonly healthyAfter: number;
}

/** What callers' own requests tell: a target that fails them is passed over while others answer. */
export interface Ejection {
  /** So many failures in a row: no connection, no answer in time, a broken one, or a 502, 503 or 504. */
  readonly failures: number;
  /** How long a target is passed over the first time; each time in a row is longer by as much. */
  readonly cooldownMs: number;
  /** How long a target that comes back takes to get its full share again. */
  readonly slowStartMs: number;
}

/** Refuses requests to a target at once while most of them fail, even where it is the only one. */
export interface Breaker {
  /** From 0 to 1: the part of the requests of a window that must have failed. */
  readonly failureRate: number;
  /** With fewer requests in the window nothing is concluded. */
  readonly requests: number;
  readonly windowMs: number;
  /** How long it stays open before one request is let through to try. */
  readonly cooldownMs: number;
}

export interface Upstream {
  readonly name: string;
  /** At least one. */
  readonly targets: readonly [Target, ...Target[]];
  readonly connectTimeoutMs: number;
  /** Until the upstream's response headers. */
  readonly timeoutMs: number;
  /** Between two chunks of a body. */
  readonly idleTimeoutMs: number;
  /** The same for event streams and WebSocket tunnels. */
  readonly tunnelIdleMs: number;
  /** How long an idle connection to a target is kept for the next request. */
  readonly keepAliveMs: number;
  /**
   * How often a request is sent again after a failure, to another target where there is one: a safe one without a body,
   * or any of which no byte was sent.
   */
  readonly retries: number;
  /** To one target. */
  readonly maxConnections: number;
  /** WebSockets and event streams to one target, beside those. */
  readonly maxTunnels: number;
  readonly forwardAuthorization: boolean;
  /** The Host field: the target's own, or the caller's preserved. */
  readonly host: 'target' | 'preserve';
  readonly headers: {
    /** Names as written, and their values. */
    readonly set: readonly (readonly [name: string, value: string])[];
    /** In lower case. */
    readonly remove: readonly string[];
  };
  readonly tls: UpstreamTls;
  readonly balance: 'round-robin' | 'least-requests';
  /** Undefined: not checked. */
  readonly health: HealthCheck | undefined;
  /** Undefined: no target is passed over for its failures. */
  readonly ejection: Ejection | undefined;
  readonly breaker: Breaker | undefined;
  /** How often the name of a target is looked up again. */
  readonly resolveEveryMs: number;
}
