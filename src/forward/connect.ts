/**
 * Opens connections to a target, for `target-pool.ts` and health checks: exact timeout, TLS, distinguishable resets.
 */
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Target, Upstream } from '../model/upstream.js';
import { correctParser } from './parser.js';

export const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

export interface ConnectorOptions {
  /** Whether any exchange waits for a connection. After an abort, undici connects again for the aborted request. */
  readonly isConnectionNeeded: () => boolean;
  /** Resolves a target whose host is a name. */
  readonly lookup: LookupFunction | undefined;
}

/** Returns the target's host for certificates and resolvers: an IPv6 address without its brackets. */
export function hostOf(target: Target): string {
  return new URL(target.origin).hostname.replace(/^\[|\]$/g, '');
}

/**
 * Creates undici's connector for a target. A connection gets exactly `connectTimeoutMs`, since undici's own timers are
 * up to half a second late. The callback gets the socket's error, `CONNECT_TIMEOUT`, or UND_ERR_ABORTED where nothing
 * waits.
 */
export function createConnector(
  upstream: Upstream,
  target: Target,
  { isConnectionNeeded, lookup }: ConnectorOptions,
): buildConnector.connector {
  const { protocol, port } = new URL(target.origin);
  const host = hostOf(target);
  const secure = protocol === 'https:';
  const address = {
    host,
    port: Number(port || (secure ? 443 : 80)),
    noDelay: true,
    keepAlive: true,
    ...(lookup ? { lookup, autoSelectFamily: true } : {}),
  };
  const tlsSettings = secure ? tlsOptions(upstream, host) : {};
  let session: Buffer | undefined;

  function open(): Socket | TLSSocket {
    if (!secure) return connectTcp(address);
    const resumed = session === undefined ? {} : { session };
    return connectTls({ ...address, ...tlsSettings, ...resumed }).on(
      'session',
      (ticket) => (session = ticket),
    );
  }

  return function connect(_options, callback) {
    if (!isConnectionNeeded()) {
      process.nextTick(callback, errorWith('UND_ERR_ABORTED'), null);
      return;
    }
    const socket = open();
    const timer = setTimeout(() => socket.destroy(errorWith(CONNECT_TIMEOUT)), upstream.connectTimeoutMs);
    const onError = (error: Error): void => {
      clearTimeout(timer);
      callback(error, null);
    };
    socket.once('error', onError).once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', onError).on('error', markReset);
      callback(null, socket);
      correctParser(socket);
    });
  };
}

/** The TLS options. Authorities, certificate and key are parsed once, not for each connection. */
function tlsOptions({ tls: { ca, cert, key, serverName, insecure } }: Upstream, host: string) {
  // For SNI, which allows no address (RFC 6066 3), and for the certificate. Without it the address is compared.
  const servername = serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: !insecure,
    secureContext: createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }),
    ALPNProtocols: ['http/1.1'],
  };
}

function errorWith(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Changes the code of a reset. Where a body ends with the connection, undici treats ECONNRESET as its end, so a
 * truncated response would look complete. Its code for a lost connection is an error; an end by FIN is still an end.
 */
function markReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
}
