/** What is wrong with a dependency, and what to do about it. */

/** The message is one line for the operator, without credentials. */
export class DependencyError extends Error {}

/** The keys of the file that a problem is about, for its advice. */
export interface FileKeys {
  /** With the address: `targets`. */
  readonly address: string;
  /** With the authorities: `tls.ca`. */
  readonly ca: string;
  /** With the name of the certificate: `tls.server_name`. */
  readonly serverName: string;
}

const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Returns what a code of the system, of TLS or of undici means, with what to do; undefined for a code without advice. */
function adviceFor(code: string, { address, ca, serverName }: FileKeys): string | undefined {
  if (UNKNOWN_AUTHORITY.has(code))
    return `its certificate is of an unknown authority (${code}); name that authority with ${ca}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate is for another name (${code}); correct ${address}, or name it with ${serverName}`;
  if (code === 'CERT_HAS_EXPIRED') return `its certificate has expired (${code}); renew it there`;
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO')
    return `TLS fails (${code}); it may speak plain text there, or require a client certificate`;
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens there (${code}); start it, or correct ${address}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `its name is not known here (${code}); correct ${address}, or the resolver`;
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return `it closed the connection (${code}); it may expect TLS there, or no TLS`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to it from here (${code}); check the network and ${address}`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return noReply(address);
    case 'ENOENT':
      return `there is no such file (${code}); correct ${address}`;
    case 'EACCES':
      return `it may not be opened (${code}); correct its permissions`;
    default:
      return undefined;
  }
}

/** Returns the text for a dependency that does not respond in time. */
export function noReply(address: string): string {
  return `no reply in time; check that it runs, the firewall between, and ${address}`;
}

/** Makes the problem of an error by its code; without advice for that, by `text`. */
export function errorOfCode(code: string, text: string, keys: FileKeys): DependencyError {
  return new DependencyError(
    adviceFor(code, keys) ?? (code === '' || text.includes(code) ? text : `${text} (${code})`),
  );
}
