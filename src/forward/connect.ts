/** Opens connections to a target, for its pool: with a timer of its own, the upstream's CA, and resets told apart. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Target, Upstream } from '../model/upstream.js';

export const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

/**
 * undici's own timers are coarse (up to half a second late): a connection gets exactly `connectTimeoutMs` here.
 *
 * @param isWanted whether any exchange waits for a connection: after an abort undici connects again for the very
 *   request that was aborted
 */
export function createConnector(
  upstream: Upstream,
  target: Target,
  isWanted: () => boolean,
): buildConnector.connector {
  const { protocol, hostname, port } = new URL(target.origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'https:';
  const address = { host, port: Number(port || (secure ? 443 : 80)), noDelay: true, keepAlive: true };
  const { ca } = upstream.tls;
  const security = {
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ALPNProtocols: ['http/1.1'],
  };
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
    });
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
