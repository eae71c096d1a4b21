/** For security tests: a whole gateway between a raw client and an upstream that counts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GatewayConfig } from '../../src/config/config.js';
import type { ExchangeRecord } from '../../src/model/record.js';
import { talk, type Dialogue, type DialogueOptions } from './dialogue.js';
import { startGate, type TestGate } from './gate.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from './upstream.js';

export interface Fixture {
  readonly gate: TestGate;
  /** Parses requests by itself, so that a forged one is seen. */
  readonly upstream: RawUpstream;
  readonly talk: (bytes: string, options?: DialogueOptions) => Promise<Dialogue>;
  /** Waits until no request arrives and nothing is recorded for a moment. */
  readonly settle: () => Promise<void>;
  /** The exchanges that were forwarded to the upstream. */
  readonly admitted: () => number;
  readonly close: () => Promise<void>;
}

type Config = Omit<GatewayConfig, 'listen' | 'admin' | 'upstreams'>;

const QUIET_MS = 15;

/** Everything is forwarded to the upstream, without a token. */
export const OPEN: Config = { routes: [{ match: '* /{path*}', upstream: 'behind', public: true }] };

/** @param answer what the upstream does with a request whose body is whole; as a rule it says OK */
export function startFixture(
  config: Config,
  response: (request: WireRequest) => void = respondOk,
): Promise<Fixture> {
  return startScriptedFixture(config, (request) => void request.whole.then(() => response(request)));
}

/**
 * @param script what the upstream does as soon as a request's head has come
 * @param settings of the upstream in the file
 */
export async function startScriptedFixture(
  config: Config,
  script: (request: WireRequest) => void,
  settings: object = {},
): Promise<Fixture> {
  const upstream = await startRawUpstream(script);
  const behind = { targets: [upstream.origin], ...settings };
  const gate = await startGate({ upstreams: { behind }, ...config });
  return {
    gate,
    upstream,
    talk: (bytes, options) => talk(gate.port, bytes, options),
    async settle() {
      for (let before = -1, now = 0; before !== now; now = upstream.requests.length + gate.records.length) {
        before = now;
        await sleep(QUIET_MS);
      }
    },
    admitted: () => gate.records.filter(({ reason }) => wasAdmitted(reason)).length,
    async close() {
      await gate.stop();
      await upstream.close();
    },
  };
}

export function respondOk({ socket }: WireRequest): void {
  socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
}

/** The path that a request was for, as it came. */
export function pathOf({ head }: WireRequest): string {
  return / (\S*) /.exec(head)?.[1] ?? '';
}

/** The reasons of the steps before forwarding; an exchange with any other was forwarded. */
const REFUSED_BEFORE = new Set<string | undefined>([
  'malformed_request',
  'malformed_credentials',
  'no_token',
  'invalid_token',
  'insufficient_scope',
  'insufficient_claims',
  'no_route',
  'method_not_allowed',
  'target_too_long',
  'headers_too_large',
  'rate_limited',
  'limits_unavailable',
  'keys_unavailable',
]);

/** @param reason of an exchange's record */
export function wasAdmitted(reason: ExchangeRecord['reason']): boolean {
  return !REFUSED_BEFORE.has(reason);
}
