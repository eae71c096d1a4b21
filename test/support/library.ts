/**
 * For tests of the library: a gateway as middleware, with an issuer, an echo upstream and a folder for its
 * files.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express, { type Express } from 'express';
import { tollgate, type GatewayConfig, type Tollgate } from '../../src/index.js';
import { AUDIENCE, createTestIssuer, type TestIssuer } from './tokens.js';
import { startEchoUpstream, type EchoUpstream } from './upstream.js';

export interface Library {
  readonly issuer: TestIssuer;
  readonly upstream: EchoUpstream;
  readonly folder: string;
  /** The log of all its gateways; complete after `closeGates`. */
  readonly logFile: string;
  config(more?: Partial<GatewayConfig>): GatewayConfig;
  openGate(more?: Partial<GatewayConfig>): Promise<Tollgate>;
  /** An application with the gateway, and a page of its own after it. */
  openApp(before?: (app: Express) => void, more?: Partial<GatewayConfig>): Promise<Express>;
  closeGates(): Promise<void>;
  close(): Promise<void>;
}

export async function createLibrary(): Promise<Library> {
  const issuer = await createTestIssuer();
  const upstream = await startEchoUpstream();
  const folder = await mkdtemp(join(tmpdir(), 'tollgate-library-'));
  const logFile = join(folder, 'gate.log');
  const gates: Tollgate[] = [];

  const config = (more: Partial<GatewayConfig> = {}): GatewayConfig => ({
    log: { level: 'error', file: logFile },
    jwks_cache: false,
    issuers: { main: { issuer: issuer.iss, jwks: issuer.jwksUrl, audience: AUDIENCE } },
    upstreams: { echo: upstream.origin },
    routes: [
      { match: 'GET,POST /files/{id}', upstream: 'echo', scope: 'storage:read', limit: '2 per 1m' },
      { match: 'POST /open', upstream: 'echo', public: true, limit: 'none' },
    ],
    ...more,
  });

  async function openGate(more?: Partial<GatewayConfig>): Promise<Tollgate> {
    const gate = await tollgate(config(more));
    gates.push(gate);
    return gate;
  }

  async function closeGates(): Promise<void> {
    await Promise.all(gates.splice(0).map((gate) => gate.close()));
  }

  return {
    issuer,
    upstream,
    folder,
    logFile,
    config,
    openGate,
    async openApp(before, more) {
      const app = express();
      before?.(app);
      app.use(await openGate(more));
      app.get('/own', (_req, res) => {
        res.send('my own page');
      });
      return app;
    },
    closeGates,
    async close() {
      await closeGates();
      await Promise.all([issuer.close(), upstream.close(), rm(folder, { recursive: true })]);
    },
  };
}
