/** The sample application of the demo, with tokens that work: what the console's first page shows. */
import type { SampleApp } from '../console/server/console.js';
import type { TokenEndpoints } from '../model/tokens.js';
import { TOKENS } from '../model/tokens.js';
import type { TestIssuer } from '../testing/test-issuer.js';
import type { Credentials } from './demo-guide.js';

/** An application and the organization that its user belongs to. */
export type SampleDetails = Pick<SampleApp, 'name' | 'organization' | 'scopes'>;

/** A token and when it ends. */
interface Issued {
  readonly token: string;
  /** Epoch milliseconds; Infinity: it does not end. */
  readonly endsAtMs: number;
  readonly issuedAtMs: number;
}

/** How long the gateway may take to issue a token. */
const TIMEOUT_MS = 5000;

/**
 * Describes the application that the demo created in the registry. Its tokens come from the token endpoint, for its key and
 * secret, as those of any application do; a new one when half the life of the last one is over.
 *
 * @param origin of the public port
 */
export function registeredSample(
  details: SampleDetails,
  { key, secret }: Credentials,
  origin: string,
  { keySecret, clientCredentials }: Pick<TokenEndpoints, 'keySecret' | 'clientCredentials'>,
): SampleApp {
  const ask = async (): Promise<Issued | undefined> => {
    const path = (keySecret ?? clientCredentials)?.path;
    if (path === undefined) return undefined;
    const form = keySecret
      ? { key, secret }
      : { grant_type: 'client_credentials', client_id: key, client_secret: secret };
    const response = await fetch(origin + path, {
      method: 'POST',
      body: new URLSearchParams(form),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) return undefined;
    const { access_token: token, expires_in: lifetimeS = Infinity } = (await response.json()) as {
      access_token: string;
      expires_in?: number;
    };
    const issuedAtMs = Date.now();
    return { token, issuedAtMs, endsAtMs: issuedAtMs + lifetimeS * 1000 };
  };
  return { ...details, issuer: TOKENS, app: key, isRegistered: true, token: renewed(ask) };
}

/** Describes the application whose tokens the demo's issuer signs: where the file has no token service. */
export function foreignSample(
  details: SampleDetails,
  { app, issuer, lifetimeS }: { readonly app: string; readonly issuer: string; readonly lifetimeS: number },
  testIssuer: TestIssuer,
): SampleApp {
  const { name, organization, scopes } = details;
  const sign = (): Promise<Issued> => {
    const issuedAtMs = Date.now();
    const claims = { app_name: name, organization };
    const token = testIssuer.signFor(app, scopes, claims, { expiresIn: lifetimeS });
    return Promise.resolve({ token, issuedAtMs, endsAtMs: issuedAtMs + lifetimeS * 1000 });
  };
  return { ...details, issuer, app, isRegistered: false, token: renewed(sign) };
}

/** Keeps a token until half of its life is over. While no other can be issued, it is kept until it expires. */
function renewed(issue: () => Promise<Issued | undefined>): SampleApp['token'] {
  let last: Issued | undefined;
  let pending: Promise<void> | undefined;
  return async () => {
    if (!last || Date.now() >= (last.issuedAtMs + last.endsAtMs) / 2) {
      pending ??= issue()
        .catch(() => undefined)
        .then((issued) => {
          last = issued ?? last;
          pending = undefined;
        });
      await pending;
    }
    return last && Date.now() < last.endsAtMs ? last.token : undefined;
  };
}
