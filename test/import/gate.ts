/** A gateway of an imported configuration with a test issuer, asked without forwarding anything. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { parse } from 'yaml';
import { buildGateway } from '../../src/app/build-gateway.js';
import { createResourcePool } from '../../src/app/resource-pool.js';
import { processRuntime } from '../../src/app/runtime.js';
import { compileConfig } from '../../src/config/config.js';
import { admit } from '../../src/gateway.js';
import type { Log } from '../../src/model/log.js';
import { testIssuer } from '../../src/testing/testing.js';

const ignore = (): void => undefined;
const SILENT: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
/** One key for all gateways of a test file. */
const ISSUER = testIssuer({ alg: 'ES256' });
const tokens = new Map<string, string>();

export interface AskedGate {
  /** The status of the refusal; 200 where the request would be forwarded. Without scopes it has no token. */
  ask(method: string, path: string, scopes?: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** @param yaml the text that the import wrote */
export async function gateOf(yaml: string): Promise<AskedGate> {
  const config = { ...(parse(yaml) as object), issuers: { main: ISSUER.config }, jwks_cache: false };
  const { settings } = compileConfig(config, { env: {}, baseFolder: '.' });
  const pool = createResourcePool({ log: SILENT });
  const { reuse, commit } = pool.begin();
  const { gateway } = await buildGateway(settings, processRuntime(SILENT, {}), reuse);
  commit();
  return {
    async ask(method, path, scopes) {
      const req = new IncomingMessage(new Socket());
      req.method = method;
      req.url = path;
      req.httpVersion = '1.1';
      req.rawHeaders = ['Host', 'gate.test'];
      if (scopes) req.rawHeaders.push('Authorization', `Bearer ${tokenOf(scopes)}`);
      const head = gateway.read(req);
      const decision = await admit(gateway.steps, head, gateway.readTarget(head));
      return 'refusal' in decision ? decision.refusal.status : 200;
    },
    close: () => pool.close(),
  };
}

function tokenOf(scopes: readonly string[]): string {
  const key = scopes.join(' ');
  let token = tokens.get(key);
  if (token === undefined) {
    token = ISSUER.signFor('app', scopes, {}, { expiresIn: '1h' });
    tokens.set(key, token);
  }
  return token;
}
