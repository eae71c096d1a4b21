/**
 * TLS options for Redis, for `client.ts`: trusted authorities, the client certificate, the name in a server's
 * certificate.
 */
import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import type { RedisTls } from '../model/settings.js';

/**
 * Makes the options for a connection to one server.
 *
 * A cluster or a Sentinel may announce a server by an address that its certificate does not have. The certificate must
 * then be for `server_name`, or, without it, for one of the hosts in the file (RFC 6125 6.2.1: the name from the user
 * is the reference).
 *
 * @param host the host to connect to, where it is known in advance
 */
export function tlsOptions({ ca, cert, key, serverName, hosts }: RedisTls, host?: string): ConnectionOptions {
  const hostNames = hosts.filter((each) => isIP(each) === 0);
  // For SNI, which allows no address (RFC 6066 3). The default is the host.
  const servername = serverName ?? (host !== undefined && isIP(host) !== 0 ? hostNames[0] : undefined);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    checkServerIdentity: (connected, certificate) =>
      nameMismatch(serverName === undefined ? [host ?? connected, ...hosts] : [serverName], certificate),
  };
}

/** Returns undefined where the certificate is for one of the names, otherwise the error for the first name. */
function nameMismatch(names: readonly string[], certificate: PeerCertificate): Error | undefined {
  let firstError: Error | undefined;
  for (const name of names) {
    const error = checkServerIdentity(name, certificate);
    if (!error) return undefined;
    firstError ??= error;
  }
  return firstError;
}
