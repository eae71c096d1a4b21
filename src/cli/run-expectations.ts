/** Runs the `expect` cases of a file for `tollgate check`. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { buildGateway } from '../app/build-gateway.js';
import { createResourcePool } from '../app/resource-pool.js';
import { processRuntime } from '../app/runtime.js';
import { admit, type Gateway } from '../gateway.js';
import type { Admission, Rejection } from '../model/decision.js';
import type { Issuer } from '../model/issuer.js';
import type { Log } from '../model/log.js';
import { Refusal } from '../model/refusal.js';
import type { Route } from '../model/route.js';
import type { Expectation, Settings } from '../model/settings.js';
import { USUAL_TOKEN_SOURCES } from '../model/token-source.js';
import { ownerOf } from '../model/token-paths.js';
import { createTestIssuer, type TestIssuer } from '../testing/test-issuer.js';

/** A case that failed, and its position in the file. */
export interface Failure {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The app of the cases' tokens. */
const APP = 'tollgate-check';
const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * Runs the cases. They run through the real pipeline with three replacements: each issuer has generated keys, routes have no
 * limits, and nothing is forwarded.
 */
export async function runExpectations(
  settings: Settings,
  expectations: readonly Expectation[],
): Promise<readonly Failure[]> {
  if (expectations.length === 0) return [];
  const testIssuers = new Map(settings.issuers.map((issuer) => [issuer.name, createTestIssuer(issuer)]));
  const pool = createResourcePool({ log: SILENT });
  const { reuse, commit } = pool.begin();
  const { gateway } = await buildGateway(
    {
      ...settings,
      redis: undefined,
      tokens: undefined,
      tracing: undefined,
      issuers: settings.issuers.map((issuer) => withKeys(issuer, testIssuers.get(issuer.name)!)),
      routes: settings.routes.map((route) => ({ ...route, limits: [], shadow: undefined })),
    },
    processRuntime(SILENT, {}),
    reuse,
  );
  commit();
  try {
    const failures: Failure[] = [];
    for (const expectation of expectations) {
      const text = await contradiction(gateway, settings, expectation, testIssuers);
      if (text !== undefined) failures.push({ line: expectation.line, column: expectation.column, text });
    }
    return failures;
  } finally {
    await pool.close();
  }
}

/** Returns how the result differs from what is expected; undefined if it does not. */
async function contradiction(
  gateway: Gateway,
  { tokens }: Settings,
  { route, host, method, path, scopes, claims, status }: Expectation,
  testIssuers: ReadonlyMap<string, TestIssuer>,
): Promise<string | undefined> {
  const what = `${method} ${route.hosts ? `http://${host}` : ''}${path}: expected ${status}`;
  const token = scopes && testIssuerFor(route, testIssuers)?.signFor(APP, scopes, claims);
  const head = gateway.read(requestOf(method, host, path, token));
  // This gateway is built without the token service, whose paths take precedence over routes.
  const target = gateway.readTarget(head);
  const owner =
    tokens && !(target instanceof Refusal) && ownerOf(target.path, tokens.issuer, { ...tokens.endpoints });
  if (owner) return `${what}, but the path is that of the token service (${owner.path})`;
  const decision = await admit(gateway.steps, head, target);
  if ('refusal' in decision) {
    const { refusal } = decision;
    return refusal.status === status
      ? undefined
      : `${what}, but it is refused with ${refusal.status} (${because(decision)})`;
  }
  if (status !== 200) return `${what}, but it is forwarded by "${decision.route.label}"`;
  return sameRoute(decision, route)
    ? undefined
    : `${what} by this route, but "${decision.route.label}" in line ${decision.route.line} matches first`;
}

function because({ refusal, route }: Rejection): string {
  const detail = refusal.detail === undefined ? refusal.reason : `${refusal.reason}: ${refusal.detail}`;
  return route ? `${detail}, by "${route.label}"` : detail;
}

function sameRoute({ route }: Admission, expected: Route): boolean {
  return route.label === expected.label && route.line === expected.line;
}

/** The first issuer that the route accepts. */
function testIssuerFor(
  { access }: Route,
  testIssuers: ReadonlyMap<string, TestIssuer>,
): TestIssuer | undefined {
  const accepted = access.kind === 'scoped' ? access.issuers : undefined;
  for (const [name, testIssuer] of testIssuers) if (accepted?.has(name) ?? true) return testIssuer;
  return undefined;
}

function withKeys(issuer: Issuer, { jwks, config: { algorithms } }: TestIssuer): Issuer {
  return { ...issuer, keys: { kind: 'inline', jwks }, algorithms, tokenFrom: USUAL_TOKEN_SOURCES };
}

function requestOf(method: string, host: string, path: string, token: string | undefined): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  req.method = method;
  req.url = path;
  req.httpVersion = '1.1';
  req.rawHeaders = ['Host', host, ...(token === undefined ? [] : ['Authorization', `Bearer ${token}`])];
  return req;
}

function ignore(): void {
  // The cases report refusals themselves.
}
