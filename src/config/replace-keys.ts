/** Reads a configuration file as an object in which the issuers have other keys, for tests. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Issuer } from '../model/issuer.js';
import { withBaseFolder } from './base-folder.js';
import { compileIssuers } from './compile/issuers.js';
import type { Environment } from './environment.js';
import { createFiles, reasonOf } from './files.js';
import { ConfigError, ConfigUnreadable } from './problem.js';
import type { GatewayConfig } from './schema/schema.js';
import { yamlSource } from './source.js';
import { validate } from './validate.js';

/** The keys of an issuer that say where its JWKS is and how it is requested, or stand in its place. */
const KEY_SOURCES: ReadonlySet<string> = new Set([
  ...['jwks', 'discovery', 'public_key', 'secret'],
  ...['insecure_http', 'tls', 'headers'],
]);

/** A valid place of keys, while only the rest of an issuer is checked. */
const PLACEHOLDER = 'http://127.0.0.1/jwks';

/** Stands for the rest of the file, which is not checked. */
const REST = {
  upstreams: { unused: 'http://127.0.0.1:9' },
  routes: [{ match: 'GET /', upstream: 'unused', public: true, limit: 'none' }],
};

/**
 * Reads a file and replaces the keys of its issuers. Only the issuers are checked, since a caller may replace other parts
 * of the object. The variables of the object are as in the file. Its relative paths begin at the file's folder.
 *
 * @param env expands the variables of the issuers
 * @param jwksOf the keys for an issuer; called once for each, in the order of the file
 * @throws ConfigUnreadable if the file cannot be read; ConfigError if it is not YAML, or an issuer is not valid
 */
export function readWithKeys(
  file: string,
  env: Environment,
  jwksOf: (issuer: Issuer) => Record<string, unknown>,
): GatewayConfig {
  const { source, problems, broken } = yamlSource(file, readText(file));
  if (broken) throw new ConfigError(problems);
  const config = isRecord(source.value) ? source.value : {};
  const { issuers } = config;
  const folder = dirname(resolve(file));
  const files = createFiles(folder);
  const checked = { ...REST, issuers: withJwks(issuers, () => PLACEHOLDER) };
  const { config: valid } = validate(
    { ...source, value: checked },
    { env, files, addresses: undefined, problems },
  );
  const keys = new Map(compileIssuers(valid.issuers, files).map((issuer) => [issuer.name, jwksOf(issuer)]));
  const replaced = { ...config, issuers: withJwks(issuers, (name) => keys.get(name)) };
  return withBaseFolder(replaced as unknown as GatewayConfig, folder);
}

function withJwks(issuers: unknown, jwksOf: (name: string) => unknown): unknown {
  if (!isRecord(issuers)) return issuers;
  return Object.fromEntries(
    Object.entries(issuers).map(([name, issuer]) => {
      if (!isRecord(issuer)) return [name, issuer];
      // The algorithms of a secret are for no other kind of keys.
      const hasSecret = Object.hasOwn(issuer, 'secret');
      const kept = Object.entries(issuer).filter(
        ([key]) => !KEY_SOURCES.has(key) && !(hasSecret && key === 'algorithms'),
      );
      return [name, { ...Object.fromEntries(kept), jwks: jwksOf(name) }];
    }),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigUnreadable(file, reasonOf(error));
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
