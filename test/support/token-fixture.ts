/**
 * For tests of tokens over HTTP: a gateway with three issuers, its log in a file, and every token that was
 * presented.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFixture, type Fixture } from './fixture.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from './tokens.js';
import type { WireResponse } from './dialogue.js';

export interface TokenFixture extends Fixture {
  readonly main: TestIssuer;
  readonly other: TestIssuer;
  readonly elliptic: TestIssuer;
  /** Requests `/orders` with the given Authorization fields. */
  readonly ask: (...authorizations: readonly string[]) => Promise<WireResponse>;
  /** The same with one Bearer token. */
  readonly show: (token: string) => Promise<WireResponse>;
  readonly shown: readonly string[];
  /** The whole log so far. */
  readonly log: () => Promise<string>;
}

const LOG_BATCH_MS = 600;

export async function startTokenFixture(): Promise<TokenFixture> {
  const [main, other, elliptic] = await Promise.all([
    createTestIssuer(),
    createTestIssuer(),
    createTestIssuer({ alg: 'ES256' }),
  ]);
  const file = join(tmpdir(), `tollgate-${randomBytes(6).toString('hex')}.log`);
  const issuerOf = ({ iss, jwksUrl }: TestIssuer) => ({ issuer: iss, jwks: jwksUrl, audience: AUDIENCE });
  const fixture = await startFixture({
    log: { level: 'debug', file },
    issuers: {
      main: { ...issuerOf(main), grants: ['*'] },
      other: { ...issuerOf(other), grants: ['orders:*'] },
      elliptic: { ...issuerOf(elliptic), algorithms: ['ES256'], grants: ['*'] },
    },
    routes: [
      { match: 'GET /orders', upstream: 'behind', scope: 'orders:read' },
      { match: 'GET /others', upstream: 'behind', scope: 'orders:read', issuer: 'other' },
    ],
  });
  const shown: string[] = [];
  async function ask(...authorizations: readonly string[]): Promise<WireResponse> {
    shown.push(...authorizations);
    const fields = authorizations.map((value) => `Authorization: ${value}\r\n`).join('');
    const bytes = `GET /orders HTTP/1.1\r\nHost: gate.test\r\n${fields}Connection: close\r\n\r\n`;
    const { responses, text } = await fixture.talk(bytes);
    const [response] = responses;
    if (!response) throw new Error(`no whole answer: ${text}`);
    return response;
  }
  return {
    ...fixture,
    main,
    other,
    elliptic,
    ask,
    show: (token) => ask(`Bearer ${token}`),
    shown,
    async log() {
      await sleep(LOG_BATCH_MS);
      return readFile(file, 'utf8');
    },
    async close() {
      await fixture.close();
      await Promise.all([main.close(), other.close(), elliptic.close(), rm(file, { force: true })]);
    },
  };
}
