import { describe, expect, it } from 'vitest';
import type { Target, Upstream } from '../../src/model/upstream.js';
import { exchangeRaw, openRaw } from '../support/raw.js';
import { targetAt } from '../support/route.js';
import { startRawUpstream, type RawUpstream, type WireRequest } from '../support/upstream.js';
import { keep } from './cleanup.js';
import { startEdge, type Edge } from './edge.js';
import { startFull } from './full-server.js';

const GET = 'GET /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\n\r\n';
const POST = 'POST /a HTTP/1.1\r\nHost: gate.test\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const UNAVAILABLE = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';

const EJECTION = { failures: 3, cooldownMs: 60_000, slowStartMs: 0 };
const BREAKER = { failureRate: 0.5, requests: 4, windowMs: 60_000, cooldownMs: 150 };
const HEALTH = { path: '/healthz', intervalMs: 20, timeoutMs: 1000, unhealthyAfter: 2, healthyAfter: 2 };

type Script = (request: WireRequest) => void;
const respondOk: Script = ({ socket }) => socket.write(OK);
const reset: Script = ({ socket }) => socket.resetAndDestroy();
const hang: Script = () => undefined;

async function start(script: Script): Promise<RawUpstream> {
  return keep(await startRawUpstream(script));
}

async function edgeTo(
  upstreams: readonly { origin: string }[],
  changes: Partial<Upstream> = {},
): Promise<Edge> {
  const targets = upstreams.map(({ origin }) => targetAt(origin)) as [Target, ...Target[]];
  return keep(await startEdge('http://127.0.0.1:1', { upstream: { targets, ...changes } }));
}

async function ask(edge: Edge, times: number, request = GET): Promise<string[]> {
  const responses: string[] = [];
  for (let turn = 0; turn < times; turn += 1) responses.push(await exchangeRaw(edge.port, request));
  return responses;
}

function statuses(responses: readonly string[]): number[] {
  return responses.map((response) => Number(response.slice(9, 12)));
}

/** The log lines about targets, without the reasons of failed requests. */
function ofTargets({ logged }: Edge): string[] {
  return logged.filter((line) => line !== 'a request failed at its target');
}

/** The requests of callers, without the health checks. */
function asked({ requests }: RawUpstream): number {
  return requests.filter(({ head }) => !head.includes(HEALTH.path)).length;
}

describe('Balance', () => {
  it('sends requests to each target in rotation', async () => {
    const upstreams = [await start(respondOk), await start(respondOk), await start(respondOk)];
    await ask(await edgeTo(upstreams), 9);
    expect(upstreams.map(asked)).toEqual([3, 3, 3]);
  });

  it('with least-requests sends no request to a busy target while another is idle', async () => {
    const [busy, idle] = [await start(hang), await start(respondOk)];
    const edge = await edgeTo([busy, idle], { balance: 'least-requests' });
    const held = openRaw(edge.port, GET);
    await expect.poll(() => busy.requests.length).toBe(1);
    expect(statuses(await ask(edge, 5))).toEqual([200, 200, 200, 200, 200]);
    expect(busy.requests).toHaveLength(1);
    held.destroy();
  });

  it('prefers a target with a free slot to the queue of another', async () => {
    const [busy, idle] = [await start(hang), await start(respondOk)];
    const edge = await edgeTo([busy, idle], { maxConnections: 1 });
    const held = openRaw(edge.port, GET);
    await expect.poll(() => busy.requests.length).toBe(1);
    expect(statuses(await ask(edge, 5))).toEqual([200, 200, 200, 200, 200]);
    held.destroy();
  });
});

describe('A retry', () => {
  it('goes to another target, and the log names the one that responded', async () => {
    const [bad, good] = [await start(reset), await start(respondOk)];
    const edge = await edgeTo([bad, good]);
    expect(statuses(await ask(edge, 1))).toEqual([200]);
    expect([bad, good].map(asked)).toEqual([1, 1]);
    expect(edge.results).toMatchObject([{ status: 200, target: good.origin }]);
  });

  it('never goes to a target twice while there is one that did not get the request', async () => {
    const upstreams = [await start(reset), await start(reset), await start(reset)];
    const edge = await edgeTo(upstreams, { retries: 2 });
    expect(statuses(await ask(edge, 1))).toEqual([502]);
    expect(upstreams.map(asked)).toEqual([1, 1, 1]);
  });

  it('is made if a target does not respond in time, but not for a POST', async () => {
    const [silent, good] = [await start(hang), await start(respondOk)];
    const edge = await edgeTo([silent, good], { timeoutMs: 100 });
    expect(statuses(await ask(edge, 1))).toEqual([200]);
    await expect.poll(() => silent.open.size).toBe(0);
    await ask(edge, 1);
    expect(statuses(await ask(edge, 1, POST))).toEqual([504]);
    expect(silent.requests).toHaveLength(2);
    expect(good.requests.filter(({ head }) => head.startsWith('POST'))).toHaveLength(0);
  });

  it('is made if no connection is established in time', async () => {
    const full = keep(await startFull());
    const good = await start(respondOk);
    const edge = await edgeTo([full, good], { connectTimeoutMs: 100 });
    expect(statuses(await ask(edge, 1))).toEqual([200]);
    expect(edge.results).toMatchObject([{ target: good.origin }]);
  });

  it('is not made after the first byte of a response', async () => {
    const [bad, good] = [
      await start(({ socket }) => socket.write('HTTP/1.1 2', () => socket.resetAndDestroy())),
      await start(respondOk),
    ];
    const edge = await edgeTo([bad, good]);
    expect(statuses(await ask(edge, 1))).toEqual([502]);
    expect(good.requests).toHaveLength(0);
  });

  it('waits in no queue: if the other target is full, it goes to the same one', async () => {
    const busy = await start(hang);
    const bad = await start(({ socket }) => setTimeout(() => socket.resetAndDestroy(), 50));
    const edge = await edgeTo([busy, bad], { maxConnections: 1, retries: 1, timeoutMs: 5000 });
    const held = openRaw(edge.port, GET);
    await expect.poll(() => busy.requests.length).toBe(1);
    expect(statuses(await ask(edge, 1))).toEqual([502]);
    expect(busy.requests).toHaveLength(1);
    // The request was retried at the same target, with its slot.
    expect(bad.requests).toHaveLength(2);
    held.destroy();
  });

  it('is made for one in five requests when all fail, and for ten more', async () => {
    const upstreams = [await start(reset), await start(reset)];
    const edge = await edgeTo(upstreams, { retries: 3 });
    await ask(edge, 100);
    const sent = upstreams.reduce((sum, { requests }) => sum + requests.length, 0);
    expect(sent).toBe(100 + 20 + 10);
  });
});

describe('Ejection', () => {
  it('stops requests to a target with several consecutive failures, until its cooldown is over', async () => {
    let script = reset;
    const [bad, good] = [await start((request) => script(request)), await start(respondOk)];
    const edge = await edgeTo([bad, good], { ejection: { ...EJECTION, cooldownMs: 1500 }, retries: 0 });
    await ask(edge, 10);
    expect(bad.requests).toHaveLength(3);
    expect(edge.forwarder.targets().map(({ isUp: up }) => up)).toEqual([false, true]);
    expect(ofTargets(edge)).toEqual(['a target fails: requests go to the others']);
    script = respondOk;
    await expect
      .poll(() => ask(edge, 2).then(() => bad.requests.length), { timeout: 5000 })
      .toBeGreaterThan(3);
    expect(edge.forwarder.targets().map(({ isUp: up }) => up)).toEqual([true, true]);
    expect(ofTargets(edge).slice(1)).toEqual(['a target responds again']);
    expect(statuses(await ask(edge, 4))).toEqual([200, 200, 200, 200]);
  });

  it("counts an upstream's own 502, 503 and 504 as failures; a 500 is none", async () => {
    for (const [status, isFailure] of [
      [500, false],
      [502, true],
      [503, true],
      [504, true],
    ] as const) {
      const bad = await start(({ socket }) =>
        socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`),
      );
      const edge = await edgeTo([bad, await start(respondOk)], { ejection: EJECTION });
      await ask(edge, 10);
      expect(asked(bad)).toBe(isFailure ? 3 : 5);
    }
  });

  it('counts a response that breaks in its body as a failure', async () => {
    const bad = await start(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', () => socket.resetAndDestroy()),
    );
    const edge = await edgeTo([bad, await start(respondOk)], { ejection: EJECTION });
    await ask(edge, 10);
    expect(asked(bad)).toBe(3);
  });

  it('ignores failures of the client: it leaves, or its body stops or is too large', async () => {
    const [slow, other] = [await start(hang), await start(hang)];
    const edge = keep(
      await startEdge('http://127.0.0.1:1', {
        maxBodyBytes: 10,
        bodyTimeoutMs: 50,
        upstream: {
          targets: [targetAt(slow.origin), targetAt(other.origin)],
          ejection: { ...EJECTION, failures: 1 },
        },
      }),
    );
    for (let turn = 0; turn < 4; turn += 1) {
      const client = openRaw(edge.port, GET);
      await expect.poll(() => slow.requests.length + other.requests.length).toBe(turn + 1);
      client.destroy();
      await edge.result(turn);
    }
    await ask(edge, 2, POST.replace('Content-Length: 2', 'Content-Length: 3'));
    const large = `Transfer-Encoding: chunked\r\n\r\nb\r\nmore than it\r\n0\r\n\r\n`;
    await ask(edge, 2, POST.replace(/Content-Length[^]*/, large));
    expect(edge.forwarder.targets().map(({ isUp: up }) => up)).toEqual([true, true]);
  });

  it('skips no target if all of them fail, and the first that responds gets the requests', async () => {
    let script = reset;
    const upstreams = [await start(reset), await start((request) => script(request)), await start(reset)];
    const edge = await edgeTo(upstreams, { ejection: EJECTION, retries: 0 });
    expect(new Set(statuses(await ask(edge, 12)))).toEqual(new Set([502]));
    const before = upstreams.map(asked);
    await ask(edge, 3);
    expect(upstreams.map(asked)).toEqual(before.map((count) => count + 1));
    script = respondOk;
    await ask(edge, 3);
    expect(statuses(await ask(edge, 5))).toEqual([200, 200, 200, 200, 200]);
  });

  it('never applies to a single target, for any number of failures', async () => {
    const upstream = await start(({ socket }) => socket.write(UNAVAILABLE));
    const edge = await edgeTo([upstream], { ejection: EJECTION });
    expect(statuses(await ask(edge, 8))).toEqual(Array(8).fill(503));
    expect(upstream.requests).toHaveLength(8);
    expect(edge.forwarder.targets()).toEqual([{ upstream: 'behind', target: upstream.origin, isUp: false }]);
  });
});

describe('The circuit breaker', () => {
  it('refuses at once while it is open, even for a single target, with Retry-After', async () => {
    const upstream = await start(({ socket }) => socket.write(UNAVAILABLE));
    const edge = await edgeTo([upstream], { breaker: { ...BREAKER, cooldownMs: 60_000 } });
    const responses = await ask(edge, 10);
    expect(upstream.requests).toHaveLength(4);
    expect(responses[9]).toMatch(/^HTTP\/1.1 503 [^]*Retry-After: 60\r\n/);
    expect(edge.results[9]).toMatchObject({ reason: 'no_healthy_target' });
    expect(edge.logged).toContain("a target's circuit breaker has opened");
  });

  it('sends requests to other targets while it is open', async () => {
    const [bad, good] = [await start(({ socket }) => socket.write(UNAVAILABLE)), await start(respondOk)];
    const edge = await edgeTo([bad, good], {
      breaker: { ...BREAKER, cooldownMs: 60_000 },
      ejection: undefined,
    });
    await ask(edge, 8);
    expect(statuses(await ask(edge, 6))).toEqual([200, 200, 200, 200, 200, 200]);
    expect(bad.requests).toHaveLength(4);
  });

  it('admits exactly one request after its cooldown, and closes when that one succeeds', async () => {
    let script: Script = ({ socket }) => socket.write(UNAVAILABLE);
    const upstream = await start((request) => script(request));
    const edge = await edgeTo([upstream], { breaker: BREAKER, timeoutMs: 5000 });
    await ask(edge, 4);
    script = ({ socket }) => setTimeout(() => socket.write(OK), 100);
    await expect
      .poll(async () => {
        const together = Array.from({ length: 5 }, () => exchangeRaw(edge.port, GET));
        return statuses(await Promise.all(together)).filter((status) => status === 200).length;
      })
      .toBe(1);
    expect(upstream.requests).toHaveLength(5);
    expect(statuses(await ask(edge, 2))).toEqual([200, 200]);
    expect(edge.logged).toContain("a target's circuit breaker has closed");
  });

  it('does not stay open for a request that hangs: the next one is admitted after another cooldown', async () => {
    let script: Script = ({ socket }) => socket.write(UNAVAILABLE);
    const upstream = await start((request) => script(request));
    const edge = await edgeTo([upstream], { breaker: BREAKER, timeoutMs: 60_000 });
    await ask(edge, 4);
    script = hang;
    let hanging = openRaw(edge.port, GET);
    await expect
      .poll(() => {
        hanging.destroy();
        hanging = openRaw(edge.port, GET);
        return new Promise((resolve) => setTimeout(() => resolve(upstream.requests.length), 30));
      })
      .toBe(5);
    script = respondOk;
    await expect.poll(() => ask(edge, 1).then(statuses)).toEqual([200]);
    hanging.destroy();
  });
});

describe('Health checks', () => {
  /** Responds to its checks with the set result, and to everything else with success. */
  async function startChecked(): Promise<RawUpstream & { isWell: boolean }> {
    const own = { isWell: true };
    const upstream = await start((request) => {
      request.socket.write(own.isWell || !request.head.includes(HEALTH.path) ? OK : UNAVAILABLE);
    });
    return Object.assign(own, upstream);
  }

  it('stop requests to a target that fails them, until it passes them again', async () => {
    const [ill, well] = [await startChecked(), await startChecked()];
    ill.isWell = false;
    const edge = await edgeTo([ill, well], { health: HEALTH });
    const up = (): boolean[] => edge.forwarder.targets().map((each) => each.isUp);
    await expect.poll(up, { timeout: 5000 }).toEqual([false, true]);
    await ask(edge, 6);
    expect([ill, well].map(asked)).toEqual([0, 6]);
    ill.isWell = true;
    await expect.poll(up, { timeout: 5000 }).toEqual([true, true]);
    await ask(edge, 6);
    expect(asked(ill)).toBeGreaterThan(0);
    expect(edge.logged).toEqual(['a target is down', 'a target is up']);
  });

  it('refuse a request at once with 503 and Retry-After while all targets are down', async () => {
    const ill = await startChecked();
    ill.isWell = false;
    const edge = await edgeTo([ill], { health: HEALTH });
    await expect.poll(() => edge.forwarder.targets()[0]?.isUp, { timeout: 5000 }).toBe(false);
    const [response] = await ask(edge, 1);
    expect(response).toMatch(
      /^HTTP\/1.1 503 [^]*Retry-After: 1\r\n[^]*The service behind this gateway is down/,
    );
    expect(asked(ill)).toBe(0);
  });

  it('use GET with the Host of the target, over their own connection, without data of a caller', async () => {
    const upstream = await startChecked();
    await edgeTo([upstream], { health: HEALTH });
    await expect.poll(() => upstream.requests.length, { timeout: 5000 }).toBeGreaterThan(1);
    expect(upstream.requests[0]?.head.toLowerCase().split('\r\n')).toEqual([
      'get /healthz http/1.1',
      `host: 127.0.0.1:${upstream.port}`,
      'connection: close',
      'user-agent: tollgate-health',
    ]);
    expect(upstream.requests[0]?.socket).not.toBe(upstream.requests[1]?.socket);
  });

  it('fail for a target that hangs, sends an invalid response or does not listen', async () => {
    const gone = await startRawUpstream(hang);
    await gone.close();
    const rubbish = await start(({ socket }) => socket.write('SMTP ready\r\n\r\n'));
    const edge = await edgeTo([await start(hang), rubbish, gone], { health: { ...HEALTH, timeoutMs: 100 } });
    await expect
      .poll(() => edge.forwarder.targets().map(({ isUp: up }) => up), { timeout: 5000 })
      .toEqual([false, false, false]);
  });

  it('stop when the upstream is closed', async () => {
    const upstream = await startChecked();
    const edge = await edgeTo([upstream], { health: HEALTH });
    await expect.poll(() => upstream.requests.length, { timeout: 5000 }).toBeGreaterThan(0);
    await edge.pools.close();
    await expect.poll(() => upstream.open.size).toBe(0);
    const before = upstream.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(upstream.requests).toHaveLength(before);
  });
});
