/**
 * What `import 'tollgate/testing'` gives: issuers for users' tests, alone or in the place of those of a configuration file.
 */
import { readWithKeys, type GatewayConfig } from '../config/config.js';
import { createTestIssuer, type TestIssuer } from './test-issuer.js';

export {
  testIssuer,
  type Claims,
  type SignOptions,
  type TestIssuer,
  type TestIssuerConfig,
  type TestIssuerOptions,
} from './test-issuer.js';
export type { JwksServer } from './jwks-server.js';

/** A configuration file with test issuers. */
export interface TestConfig {
  /**
   * The file as an object for `tollgate()`. Each issuer has the keys of a test issuer; everything else is as in the file.
   * Relative paths begin at the file's folder, also those of a copy made with `{ ...config }`.
   */
  readonly config: GatewayConfig;
  /** The first issuer of the file. */
  readonly issuer: TestIssuer;
  /** The issuers by their names in the file. */
  readonly issuers: Readonly<Record<string, TestIssuer>>;
}

/**
 * Reads a configuration file and gives its issuers new keys, so that a test can sign their tokens. Their iss, audience,
 * algorithms, claims and grants are those of the file. Only the issuers are checked here; `tollgate()` checks the rest.
 *
 * @param file a path, as for `tollgate()`
 * @throws ConfigUnreadable if the file cannot be read; ConfigError if it is not YAML, or an issuer is not valid; Error if
 *   it has no issuers
 */
export function testConfig(file: string): TestConfig {
  const issuers: Record<string, TestIssuer> = {};
  const config = readWithKeys(file, process.env, (settings) => {
    const issuer = createTestIssuer(settings);
    issuers[settings.name] = issuer;
    return issuer.jwks;
  });
  const [issuer] = Object.values(issuers);
  if (!issuer) throw new Error(`${file} has no issuers, so no tokens can be signed for it`);
  return { config, issuer, issuers };
}
