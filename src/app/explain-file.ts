/** Explains a request by a file alone, without a running gateway. Called by `src/cli/explain.ts`. */
import { buildGateway, tokenPathsOf } from './build-gateway.js';
import { createResourcePool } from './resource-pool.js';
import type { Runtime } from './resources.js';
import type { ExplainRequest, Explanation } from '../model/explanation.js';
import type { Settings } from '../model/settings.js';
import { foldPath, methodsByPath } from '../model/token-paths.js';

/**
 * Builds an instance for one question and closes it again. It has no Redis, no registry and no health checks, so it knows no
 * counts, no revocations and no keys of the token service. Keys of other issuers are read where the request has a token.
 */
export async function explainByFile(
  settings: Settings,
  request: ExplainRequest,
  runtime: Runtime,
): Promise<Explanation> {
  const pool = createResourcePool({ log: runtime.log });
  const { reuse, commit } = pool.begin();
  const needsKeys = request.token !== undefined || request.headers.length > 0;
  const instance = await buildGateway(detached(settings, needsKeys), runtime, reuse, {
    tokens: settings.tokens && tokenPaths(settings.tokens),
  });
  commit();
  try {
    return await instance.explain(request);
  } finally {
    await pool.close();
  }
}

function detached(settings: Settings, needsKeys: boolean): Settings {
  const noKeys = { kind: 'inline', jwks: { keys: [] } } as const;
  return {
    ...settings,
    redis: undefined,
    tokens: undefined,
    revocationCache: undefined,
    issuers: settings.issuers.map((issuer) =>
      needsKeys || issuer.keys.kind === 'own' ? issuer : { ...issuer, keys: noKeys },
    ),
    upstreams: settings.upstreams.map((upstream) => ({ ...upstream, health: undefined })),
  };
}

function tokenPaths({ issuer, endpoints }: NonNullable<Settings['tokens']>) {
  const methods = methodsByPath(issuer, endpoints);
  const folded = new Set([...methods.keys()].map(foldPath));
  return tokenPathsOf({
    owns: (path) => methods.has(path),
    methodOf: (path) => methods.get(path),
    resembles: (path) => folded.has(foldPath(path)),
  });
}
