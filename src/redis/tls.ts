/** TLS to Redis: whom the gate trusts, what it shows, and which name a server's certificate must have. */
import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate } from 'node:tls';
import type { RedisTls } from '../model/settings.js';

/**
 * Options for a connection to one server.
 *
 * A cluster or a Sentinel may announce a server by an address that its certificate does not have. The certificate must
 * then be for `server_name`, or, without it, for one of the hosts that the file names (RFC 6125 6.2.1: the name that the
 * user has given is what counts).
 *
 * @param host where it connects to, where that is known before
 */
export function tlsOptions({ ca, cert, key, serverName, hosts }: RedisTls, host?: string): ConnectionOptions {
  const named = hosts.filter((each) => isIP(each) === 0);
  // For SNI, which takes no address (RFC 6066 3); by default it is the host.
  const servername = serverName ?? (host !== undefined && isIP(host) !== 0 ? named[0] : undefined);
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(servername !== undefined && { servername }),
    checkServerIdentity: (connected, certificate) =>
      mismatch(serverName === undefined ? [host ?? connected, ...hosts] : [serverName], certificate),
  };
}

/** @returns undefined where the certificate is for one of the names, else why it is not for the first */
function mismatch(names: readonly string[], certificate: PeerCertificate): Error | undefined {
  let first: Error | undefined;
  for (const name of names) {
    const error = checkServerIdentity(name, certificate);
    if (!error) return undefined;
    first ??= error;
  }
  return first;
}
