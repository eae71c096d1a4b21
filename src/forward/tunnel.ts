/**
 * A WebSocket tunnel, for `forward.ts`. After the upstream's 101 it connects two sockets until both sides have ended,
 * it is idle, or the caller's token expires or is revoked.
 */
import type { Duplex } from 'node:stream';
import type { FlatHeaders } from '../model/refusal.js';
import type { Cors } from '../model/route.js';
import type { Fault, TokenWatcher, Upgrade } from './exchange.js';
import { fieldOf, type RawHeaders } from './raw-headers.js';
import { FORBIDDEN, responseFields, headText } from './response-headers.js';

/**
 * Opens the tunnel after the upstream's 101. Returns false where it cannot. Calls `onTunnelEnd` once, when the tunnel ends.
 */
export type Join = (
  raw: RawHeaders,
  upstream: Duplex,
  onTunnelEnd: (bytes: number, fault?: Fault) => void,
) => boolean;

/** What a `ProxyExchange` needs for a handshake. The client's socket emits `drain`. */
export interface Handshake {
  readonly join: Join;
  readonly socket: Duplex;
}

interface TunnelSetup {
  readonly join: Join;
  /**
   * Called at the end, with or without a tunnel. Without one, the client's bytes are discarded so that its end is
   * noticed.
   */
  abandon(): void;
}

/** Prepares the tunnel of one upgrade. Until `join`, a client that leaves is destroyed. */
export function setUpTunnel(
  upgrade: Upgrade,
  idleMs: number,
  streamWatcher: TokenWatcher | undefined,
): TunnelSetup {
  const { res, socket: client, firstBytes, opened, admission, responseHeaders } = upgrade;
  const stopWatching = watchClient(client);

  function abandon(): void {
    stopWatching();
    client.resume();
  }

  const join: Join = (raw, upstream, onTunnelEnd) => {
    stopWatching();
    // RFC 9110 7.8: an upstream may only switch to a requested protocol.
    if (!isWebSocket(fieldOf(raw, 'upgrade'))) return false;
    upstream.allowHalfOpen = true;
    if (res.socket) res.detachSocket(res.socket);
    client.write(switchingProtocols(raw, responseHeaders, admission.route.cors), 'latin1');
    if (firstBytes.length > 0) upstream.write(firstBytes);
    opened();
    connect(client, upstream, idleMs, onTunnelEnd, (end) => streamWatcher?.watch(admission.principal, end));
    return true;
  };
  return { join, abandon };
}

function switchingProtocols(raw: RawHeaders, responseHeaders: FlatHeaders, cors: Cors | undefined): string {
  const own = responseHeaders.filter(
    (_, at) => responseHeaders[at - (at % 2)]!.toLowerCase() !== 'connection',
  );
  const fields = responseFields(raw, fieldOf(raw, 'connection'), FORBIDDEN.bodiless, own, cors);
  const change = ['Connection', 'Upgrade', 'Upgrade', 'websocket'];
  return headText('HTTP/1.1 101 Switching Protocols', [...change, ...fields]);
}

/** A repeated `websocket` is still one protocol. */
function isWebSocket(protocols = ''): boolean {
  return protocols.split(',').every((protocol) => protocol.trim().toLowerCase() === 'websocket');
}

/**
 * Detects a client that leaves before the 101, when nothing else reads its socket. Bytes that it sends stay in the
 * socket's bounded buffer.
 */
function watchClient(client: Duplex): () => void {
  const onReadable = (): void => {
    // A read of an empty buffer makes the stream emit `end`.
    if (client.readableLength === 0) client.read();
  };
  const onEnd = (): void => {
    client.destroy();
  };
  client.on('readable', onReadable).once('end', onEnd);
  return () => client.off('readable', onReadable).off('end', onEnd);
}

function connect(
  client: Duplex,
  upstream: Duplex,
  idleMs: number,
  onTunnelEnd: Parameters<Join>[2],
  watchToken: (end: () => void) => (() => void) | undefined,
): void {
  let bytes = 0;
  let openSides = 2;
  let fault: Fault | undefined;
  const end = (reason: Fault): void => {
    fault ??= reason;
    client.destroy();
    upstream.destroy();
  };
  const idle = setTimeout(end, idleMs, 'tunnel_idle');
  const unsubscribe = watchToken(() => end('token_ended'));
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    idle.refresh();
  };
  const onClose = (here: Duplex, there: Duplex): void => {
    // A broken side destroys the other. A side that ended has already ended the other.
    if (!here.readableEnded || !here.writableFinished) {
      fault ??= 'tunnel_broken';
      there.destroy();
    }
    openSides -= 1;
    if (openSides > 0) return;
    clearTimeout(idle);
    unsubscribe?.();
    onTunnelEnd(bytes, fault);
  };
  for (const [here, there] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    here.on('error', () => here.destroy());
    here.once('close', () => onClose(here, there));
    here.on('data', count).pipe(there);
  }
}
