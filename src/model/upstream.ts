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
  /** How often a safe, idempotent request without a body is sent again after a connection failed. */
  readonly retries: number;
  /** To one target. */
  readonly maxConnections: number;
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
}
