/** The texts of the demo: curl lines with working tokens, ready to paste. Used by `demo` and `sample`. */
import { isIPv6 } from 'node:net';
import type { Settings } from '../model/settings.js';
import type { TestIssuer } from '../testing/test-issuer.js';

const LIFETIME = { expiresIn: '1d' };

/** Those of the app that the demo creates in the token service. */
export interface Credentials {
  readonly key: string;
  readonly secret: string;
}

/** Returns the origin by which a client on this machine reaches an address; loopback for a wildcard address. */
export function originOf(listen: Settings['listen']): string {
  const { host, port, tls } = listen ?? { host: '127.0.0.1', port: 8080, tls: undefined };
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `${tls ? 'https' : 'http'}://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * Returns the curl lines for the routes.
 * @param origin the gateway's, as a client reaches it
 */
export function guide(origin: string, testIssuer: TestIssuer): string {
  const claims = { app_name: 'Sample app', organization: 'Sample Ltd.' };
  const token = testIssuer.signFor('sample-app', ['notarization:*'], claims, LIFETIME);
  const otherToken = testIssuer.signFor('other-app', ['storage:read'], claims, LIFETIME);
  return `In another terminal, paste these lines. Two tokens first:

export TOKEN=${token}
export OTHER=${otherToken}

200, with what is left of 10 requests in any 2 minutes (repeat it: the eleventh is 429):

curl --include --request GET --url '${origin}/notarizations/stamps' --header "authorization: Bearer $TOKEN"

403, since this token lacks the scope; then 401, without a token:

curl --include --request GET --url '${origin}/notarizations/stamps' --header "authorization: Bearer $OTHER"
curl --include --request GET --url '${origin}/notarizations/stamps'

A stamp, an event stream, and a public route:

curl --include --request POST --url '${origin}/notarizations/7/stamps' --header "authorization: Bearer $TOKEN"
curl --no-buffer --url '${origin}/notarizations/feed' --header "authorization: Bearer $TOKEN"
curl --include --url '${origin}/status'
`;
}

/** Returns the curl lines for a token of the token service: get it, and use it. */
export function tokenServiceGuide(origin: string, { key, secret }: Credentials): string {
  return `The gateway also issues tokens. One for an app's key and secret, and requests with it:

export APP_TOKEN=$(curl --silent --request POST --url '${origin}/auth/token?key=${key}&secret=${secret}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl --include --url '${origin}/token/whoami' --header "authorization: bearer $APP_TOKEN"
curl --include --url '${origin}/notarizations/stamps' --header "authorization: bearer $APP_TOKEN"
`;
}

/**
 * Returns the curl lines that delete the app, whose token is then refused at once. They are the last of the guide, since the
 * console shows the app to its user.
 * @param credential a shell expression for the administrator's credential
 */
export function deletionGuide(
  origin: string,
  adminOrigin: string,
  { key }: Credentials,
  credential: string,
): string {
  return `Last, delete this app. Its token is refused at once, and the console says that it was deleted:

curl --include --request DELETE --url '${adminOrigin}/api/apps/${key}' --header "authorization: Bearer ${credential}"
curl --include --url '${origin}/notarizations/stamps' --header "authorization: bearer $APP_TOKEN"
`;
}

/**
 * Returns where the console is, and who can sign in.
 *
 * @param user undefined without a token service
 * @param credentialPlace the file or the variable that has the administrator's credential
 */
export function consoleGuide(
  address: string,
  user: { readonly name: string; readonly password: string } | undefined,
  credentialPlace: string,
): string {
  const developer = user
    ? `
  user      ${user.name}
  password  ${user.password}

This user sees the app of the lines above, a token of it, and its requests; the first page has lines to paste.`
    : '';
  return `The console shows apps, traffic and refusals as requests come. Open it in a browser:

  ${address}
${developer}
An administrator sees all requests, and signs in with the credential in
${credentialPlace}.
`;
}
