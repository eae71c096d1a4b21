/**
 * Thousands of mutated requests: the gateway stays alive and closes every connection, and the upstream, with
 * its own strict parser, gets no request, byte or header name that the gateway has not admitted.
 * `TOLLGATE_FUZZ` sets how many; `TOLLGATE_FUZZ_SEED` sets which ones.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPrng, type Prng } from '../support/prng.js';
import { startGateProcess, type GateProcess, type Reported } from '../support/gate-process.js';
import { createMutants, cut } from '../support/mutants.js';
import { openRaw } from '../support/raw.js';
import { wasAdmitted } from '../support/fixture.js';
import { startStrictUpstream, type StrictUpstream } from '../support/strict-upstream.js';
import type { ReceivedRequest } from '../support/strict-reader.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from '../support/tokens.js';

const MUTANTS = Number(process.env['TOLLGATE_FUZZ'] ?? 8_000);
const SEED = Number(process.env['TOLLGATE_FUZZ_SEED'] ?? 20_261_122);
const LANES = 256;
/** After so many the gateway becomes idle, and every request that arrived must have a record. */
const ROUND = 20_000;
/** Many mutants are incomplete: the gateway waits for the rest of them. */
const PATIENCE_MS = 400;
/** One in so many clients waits for the gateway's timeout. */
const STUBBORN = 100;
/** Several times the gateway's timeouts below; anything slower hangs. */
const HANGS_MS = 20_000;
const MS_A_MUTANT = 10;

let issuer: TestIssuer;
let upstream: StrictUpstream;
let gate: GateProcess;
let mutant: (prng: Prng, index: number) => string;

/** Requests that the upstream received and the gateway has not recorded yet, by id, and the reverse. */
const arrived = new Map<string, ReceivedRequest>();
const told = new Map<string, Reported>();
const found: string[] = [];
let matched = 0;

beforeAll(async () => {
  issuer = await createTestIssuer();
  mutant = createMutants(issuer.sign({ scope: 'read', sub: 'app-of-the-fuzzer' }));
  upstream = await startStrictUpstream(onArrival);
  gate = await startGateProcess(
    {
      issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
      upstreams: {
        behind: { targets: [upstream.origin], timeout: '5s', idle_timeout: '1s', tunnel_idle: '1s' },
      },
      routes: [
        { match: '* /open/{path*}', upstream: 'behind', public: true, max_body: '1kb' },
        { match: '* /scoped/{path*}', upstream: 'behind', scope: 'read' },
        { match: '* /closed/{path*}', upstream: 'behind', scope: 'admin' },
      ],
      client: { header_timeout: '1s', body_timeout: '1s', keep_alive: '1s' },
      log: { level: 'error' },
    },
    onReport,
  );
});
afterAll(() => Promise.all([gate.close(), upstream.close(), issuer.close()]));

function onArrival(arrival: ReceivedRequest): void {
  const [id = '', ...more] = valuesOf(arrival, 'x-request-id');
  if (more.length > 0 || id === '') found.push(`not one request id: ${JSON.stringify(arrival)}`);
  if (arrived.has(id)) found.push(`twice: ${JSON.stringify(arrival)}`);
  arrived.set(id, arrival);
  compare(id);
}

function onReport(exchange: Reported): void {
  told.set(exchange.id, exchange);
  compare(exchange.id);
}

function compare(id: string): void {
  const [arrival, exchange] = [arrived.get(id), told.get(id)];
  if (!arrival || !exchange) return;
  arrived.delete(id);
  told.delete(id);
  matched += 1;
  const isSame = arrival.method === exchange.method && arrival.target === plain(exchange.target);
  if (isSame && wasAdmitted(exchange.reason) && isOfNobodyElse(arrival)) return;
  found.push(`${JSON.stringify(exchange)} arrived as ${JSON.stringify(arrival)}`);
}

/**
 * The target as a server must read it: without an authority, and with unreserved characters decoded in the
 * path.
 */
function plain(target: string): string {
  const [, path = '', query = ''] = /^(?:http:\/\/[^/?]*)?([^?]*)(.*)$/i.exec(target) ?? [];
  return path.replace(/%[\da-f]{2}/gi, (hex) => /[\w.~-]/.exec(decodeByte(hex))?.[0] ?? hex) + query;
}

function decodeByte(hex: string): string {
  return String.fromCharCode(parseInt(hex.slice(1), 16));
}

/** Whether the identity fields match the token, and are absent where the route needs none. */
function isOfNobodyElse(arrival: ReceivedRequest): boolean {
  const said = arrival.fields.filter(([name]) => /^x[^a-z0-9](?:app|token)[^a-z0-9]/i.test(name));
  const isScoped = arrival.target.startsWith('/scoped/');
  const expected = isScoped
    ? [
        ['X-App-Id', 'app-of-the-fuzzer'],
        ['X-Token-Subject', 'app-of-the-fuzzer'],
        ['X-Token-Issuer', 'main'],
        ['X-Token-Scopes', 'read'],
      ]
    : [];
  const from = valuesOf(arrival, 'x-forwarded-for').join();
  return JSON.stringify(said) === JSON.stringify(expected) && from === '127.0.0.1';
}

function valuesOf({ fields }: ReceivedRequest, wanted: string): string[] {
  return fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
}

/**
 * Sends one mutant in its packets, and waits for the end of its connection. @returns the status of the first
 * response
 */
async function tryMutant(index: number): Promise<string | undefined> {
  const prng = createPrng(SEED + index);
  const bytes = mutant(prng, index);
  const packets = cut(bytes, prng);
  const isStubborn = prng(STUBBORN) === 0;
  const lingerMs = prng(4) === 0 ? prng(PATIENCE_MS) : 0;

  const client = openRaw(gate.port);
  for (const packet of packets) {
    client.send(Buffer.from(packet, 'latin1'));
    if (packets.length > 1) await sleep(prng(3));
  }
  if (!isStubborn) {
    await Promise.race([client.until(/./).catch(() => ''), sleep(PATIENCE_MS)]);
    if (lingerMs > 0) await sleep(lingerMs);
    client.socket.end();
  }
  const deadline = setTimeout(() => {
    blame(`hangs after ${JSON.stringify(client.text().slice(0, 500))}`);
    client.destroy();
  }, HANGS_MS);
  await client.ended;
  clearTimeout(deadline);

  const text = client.text();
  const [, status] = /^HTTP\/1\.1 ([1-5]\d\d) /.exec(text) ?? [];
  if (text !== '' && status === undefined) blame(`was answered with ${JSON.stringify(text.slice(0, 500))}`);
  // A mutated method may be one that Node does not know: 501.
  if (/^HTTP\/1\.1 5(?!01 )\d\d /m.test(text)) blame(`was answered with ${text.slice(0, 500)}`);
  return status;

  function blame(what: string): void {
    found.push(`mutant ${index} of seed ${SEED}, ${JSON.stringify(packets)}, ${what}`);
  }
}

/** Waits until every request that arrived is recorded. */
async function rest(): Promise<void> {
  for (const deadline = Date.now() + HANGS_MS; arrived.size > 0 && Date.now() < deadline;) await sleep(20);
  for (const arrival of arrived.values()) found.push(`never told of: ${JSON.stringify(arrival)}`);
  arrived.clear();
  // The rest was admitted and did not reach the upstream, or was refused.
  told.clear();
}

it(
  `${MUTANTS} mutated requests leave the gateway alive, and the upstream gets only admitted requests`,
  { timeout: 60_000 + MUTANTS * MS_A_MUTANT },
  async () => {
    const atRest = await gate.sockets();
    const statuses = new Map<string, number>();
    for (let next = 0; next < MUTANTS;) {
      const end = Math.min(next + ROUND, MUTANTS);
      await Promise.all(
        Array.from({ length: LANES }, async () => {
          while (next < end && gate.isAlive()) {
            const status = (await tryMutant(next++)) ?? 'none';
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          }
        }),
      );
      await rest();
      expect(upstream.faults.slice(0, 3), `seed ${SEED}, mutants up to ${end}`).toEqual([]);
      expect(found.slice(0, 3), `seed ${SEED}, mutants up to ${end}`).toEqual([]);
      expect(gate.output(), `seed ${SEED}, mutants up to ${end}`).toBe('');
      expect(gate.isAlive(), `seed ${SEED}, mutants up to ${end}`).toBe(true);
    }
    // The mutants are neither all valid nor all unparsable.
    expect(statuses.get('400')).toBeGreaterThan(MUTANTS / 20);
    expect(matched).toBeGreaterThan(MUTANTS / 10);
    // Nothing is left open.
    await expect.poll(() => gate.sockets(), { timeout: HANGS_MS }).toBeLessThanOrEqual(atRest);
  },
);
