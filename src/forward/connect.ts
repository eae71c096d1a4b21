/** Opens connections to a target, for its pool: with a timer of its own, the upstream's TLS, and resets told apart. */
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Target, Upstream } from '../model/upstream.js';
import { correctParser } from './parser.js';

export const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

export interface ConnectorOptions {
  /**
   * Whether any exchange waits for a connection: after an abort undici connects again for the very request that was
   * aborted.
   */
  readonly isWanted: () => boolean;
  /** The addresses of a target whose host is a name. */
  readonly lookup: LookupFunction | undefined;
}

/** The target's host as a certificate or a resolver knows it: an IPv6 address stands without its brackets. */
export function hostOf(target: Target): string {
  return new URL(target.origin).hostname.replace(/^\[|\]$/g, '');
}

/** undici's own timers are coarse (up to half a second late): a connection gets exactly `connectTimeoutMs` here. */
export function createConnector(
  upstream: Upstream,
  target: Target,
  { isWanted, lookup }: ConnectorOptions,
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
  const security = secure ? securityOf(upstream, host) : {};
  let session: Buffer | undefined;

  function open(): Socket | TLSSocket {
    if (!secure) return connectTcp(address);
    const resumed = session === undefined ? {} : { session };
    return connectTls({ ...address, ...security, ...resumed }).on('session', (ticket) => (session = ticket));
  }

  return function connect(_options, callback) {
    if (!isWanted()) {
      process.nextTick(callback, failure('UND_ERR_ABORTED'), null);
      return;
    }
    const socket = open();
    const timer = setTimeout(() => socket.destroy(failure(CONNECT_TIMEOUT)), upstream.connectTimeoutMs);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      callback(error, null);
    };
    socket.once('error', failed).once(secure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', failed).on('error', tellReset);
      callback(null, socket);
      correctParser(socket);
    });
  };
}

/** The texts of authorities, certificate and key are parsed once, and not for each connection. */
function securityOf({ tls: { ca, cert, key } }: Upstream, host: string) {
  return {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    secureContext: createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    }),
    ALPNProtocols: ['http/1.1'],
  };
}

function failure(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * undici takes an ECONNRESET in a body that ends with the connection for the body's end, so that a cut answer would
 * look whole. Under the code that it uses for a lost connection it is an error; an end by FIN stays one.
 */
function tellReset(error: NodeJS.ErrnoException): void {
  if (error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
}
