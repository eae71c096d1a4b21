/** The upstream side of the demo: the sample service, and the issuer whose keys it publishes. */
import type { AddressInfo } from 'node:net';
import { createNotarizations } from '../demo/notarizations.js';
import type { Settings } from '../model/settings.js';
import { UsageError } from './command.js';
import { createTestIssuer, type TestIssuer } from '../testing/test-issuer.js';

export interface SampleContext {
  readonly testIssuer: TestIssuer;
  readonly address: AddressInfo;
  close(): Promise<void>;
}

/**
 * Opens the service at the first target of the file's first upstream, with keys for the file's first issuer.
 * @throws UsageError if the file lacks either; rejects if the address cannot be bound
 */
export async function openSample({ issuers, upstreams }: Settings): Promise<SampleContext> {
  const [issuer] = issuers;
  const [upstream] = upstreams;
  if (!issuer || !upstream) throw new UsageError('the demo needs a file with an issuer and an upstream');
  const testIssuer = createTestIssuer(issuer);
  const server = createNotarizations(testIssuer.jwks);
  const { hostname, port } = new URL(upstream.targets[0].origin);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(port), hostname, resolve);
  });
  return {
    testIssuer,
    address: server.address() as AddressInfo,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
