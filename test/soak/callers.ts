/** The load: callers of many kinds, each sending requests to all gateways until stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pick, type Prng } from '../support/prng.js';
import { createRunner, type WorkloadRequest } from './workload.js';
import type { Ledger } from './ledger.js';
import type { Tokens } from './tokens.js';
import { runTunnel } from './tunnel.js';

export interface Callers {
  /** Starts all callers. */
  start(): void;
  /** Waits until the last request of each caller has ended. */
  stop(): Promise<void>;
  /** So many requests at once. */
  storm(requests: number): Promise<void>;
}

/** A workload without the gateway, which is chosen for each request. */
type Round = Omit<WorkloadRequest, 'gate'>;

const MOST_BODY_BYTES = 200_000;

export function createCallers(ports: readonly number[], ledger: Ledger, tokens: Tokens, prng: Prng): Callers {
  let going = false;
  let rounds: Promise<void>[] = [];
  let runner = createRunner(ports, ledger);

  /** @param everyMs mean time from one round to the next, without the duration of the round itself */
  async function walk(everyMs: number, round: () => Promise<unknown>): Promise<void> {
    while (going) {
      await Promise.all([round(), sleep(prng(2 * everyMs))]);
    }
  }

  const http = (workloadRequest: () => Round) => () =>
    runner.run({ gate: prng(ports.length), ...workloadRequest() });
  const token = (app: string): string => tokens.of(app);

  const sorts: readonly (readonly [callers: number, everyMs: number, round: () => Promise<unknown>])[] = [
    // More than the limit admits, from one app at all gateways.
    ...(['local', 'open', 'closed'] as const).map(
      (policy) =>
        [
          3,
          250,
          http(() => ({
            caller: `limited, ${policy}`,
            path: `/${policy}`,
            expected: [200, 429],
            token: token(`${policy}-greedy`),
          })),
        ] as const,
    ),
    // Less than half of what it admits: never refused.
    [
      1,
      1200,
      http(() => ({
        caller: 'within its limit',
        path: '/local',
        expected: [200],
        token: token('local-modest'),
      })),
    ],
    [6, 60, http(() => ({ caller: 'reader', path: '/free', expected: [200], token: token('reader') }))],
    [
      4,
      150,
      http(() => ({
        caller: 'uploader',
        path: '/upload',
        expected: [200],
        token: token('uploader'),
        body: Buffer.alloc(1 + prng(MOST_BODY_BYTES), 'a'),
      })),
    ],
    [
      2,
      400,
      http(() => ({ caller: 'downloader', path: '/download', expected: [200], token: token('reader') })),
    ],
    [
      2,
      500,
      http(() => ({
        caller: 'slow reader',
        path: '/download',
        expected: [200],
        token: token('reader'),
        reads: 'slowly',
      })),
    ],
    [
      3,
      200,
      http(() => ({
        caller: 'disconnecting',
        path: pick(prng, ['/download', '/events', '/free']),
        expected: [200],
        token: token('reader'),
        reads: { leavesAfterMs: prng(60) },
      })),
    ],
    [
      1,
      300,
      http(() => ({
        caller: 'disconnecting',
        path: '/upload',
        expected: [200],
        token: token('uploader'),
        body: Buffer.alloc(MOST_BODY_BYTES, 'a'),
        reads: { leavesAfterMs: prng(20) },
      })),
    ],
    [
      2,
      500,
      http(() => ({
        caller: 'event stream',
        path: '/events',
        expected: [200],
        token: token('reader'),
        reads: { leavesAfterMs: 300 + prng(2000) },
      })),
    ],
    [
      2,
      400,
      () => {
        const gate = prng(ports.length);
        const workloadRequest = { gate, port: ports[gate]!, token: token('reader'), messages: 1 + prng(15) };
        return runTunnel(workloadRequest, ledger);
      },
    ],
    [1, 300, http(() => ({ caller: 'without a token', path: '/free', expected: [401] }))],
    [
      1,
      300,
      http(() => ({
        caller: 'with a forged token',
        path: '/free',
        expected: [401],
        token: `${token('reader').slice(0, -8)}AAAAAAAA`,
      })),
    ],
    [
      1,
      300,
      http(() => ({ caller: 'without the scope', path: '/admin', expected: [403], token: token('reader') })),
    ],
    [1, 300, http(() => ({ caller: 'to no route', path: '/nowhere', expected: [404] }))],
  ];

  return {
    start() {
      going = true;
      runner = createRunner(ports, ledger);
      rounds = sorts.flatMap(([callers, everyMs, round]) =>
        Array.from({ length: callers }, () => walk(everyMs, round)),
      );
    },
    async stop() {
      going = false;
      await Promise.all(rounds);
      runner.close();
    },
    async storm(requests) {
      const workloadRequest = {
        caller: 'storm',
        path: '/free',
        expected: [200, 503],
        token: token('reader'),
      };
      const gate = prng(ports.length);
      await Promise.all(Array.from({ length: requests }, () => runner.run({ ...workloadRequest, gate })));
    },
  };
}
