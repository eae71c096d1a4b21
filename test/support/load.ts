/**
 * Load for tests of outages: callers that send requests to gateways continuously, and record every response.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestGate } from './gate.js';
import { bearer } from './token-gate.js';

export interface LoadResponse {
  /** The index of the gateway. */
  readonly gate: number;
  readonly endedMs: number;
  readonly tookMs: number;
  /** 0 if there was none. */
  readonly status: number;
  /** The remaining count; undefined if the request was not counted. */
  readonly remaining: number | undefined;
}

export interface CallerLoad {
  readonly responses: readonly LoadResponse[];
  /** Resolves once every gateway counts again, with the time that took. */
  untilCounted(): Promise<number>;
  stop(): Promise<void>;
}

const MOST_MS = 10_000;

export function startLoad(
  gates: readonly TestGate[],
  path: string,
  token: string,
  callersOfEach = 4,
): CallerLoad {
  const responses: LoadResponse[] = [];
  let isOver = false;

  async function ask(gate: number): Promise<void> {
    const began = performance.now();
    let status = 0;
    let remaining: string | null = null;
    try {
      const response = await fetch((gates[gate]?.url ?? '') + path, { headers: bearer(token) });
      await response.arrayBuffer();
      status = response.status;
      remaining = response.headers.get('x-ratelimit-remaining');
    } catch {
      // No response: recorded as 0.
    }
    const endedMs = performance.now();
    responses.push({
      gate,
      endedMs,
      tookMs: endedMs - began,
      status,
      remaining: remaining === null ? undefined : Number(remaining),
    });
  }

  async function call(gate: number): Promise<void> {
    while (!isOver) await ask(gate);
  }

  const calling = gates.flatMap((_, gate) => Array.from({ length: callersOfEach }, () => call(gate)));

  return {
    responses,
    async untilCounted() {
      const from = performance.now();
      for (;;) {
        const counted = responses.filter(
          (one) => one.endedMs - one.tookMs > from && one.remaining !== undefined,
        );
        const first = gates.map((_, gate) => counted.find((one) => one.gate === gate)?.endedMs ?? Infinity);
        if (Math.max(...first) < Infinity) return Math.max(...first) - from;
        if (performance.now() - from > MOST_MS) throw new Error(`not counted within ${MOST_MS} ms`);
        await sleep(10);
      }
    },
    async stop() {
      isOver = true;
      await Promise.all(calling);
    },
  };
}

/** The longest duration of all but one of so many responses. */
export function percentile(responses: readonly LoadResponse[], part: number): number {
  const times = responses.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  return times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? NaN;
}
