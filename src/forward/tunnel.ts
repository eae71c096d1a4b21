/**
 * A WebSocket tunnel: after the upstream's 101 two sockets are one, until both sides have ended, nothing moves, or the
 * caller's token has ended.
 */
import type { Duplex } from 'node:stream';
import type { FlatHeaders } from '../model/refusal.js';
import type { Cors } from '../model/route.js';
import type { Fault, StreamWatcher, Upgrade } from './exchange.js';
import { fieldOf, type RawHeaders } from './raw-headers.js';
import { FORBIDDEN, responseFields, headText } from './response-headers.js';

/** What becomes of a socket after the upstream's 101. It calls back once, when the tunnel is over. */
export type Join = (
  raw: RawHeaders,
  upstream: Duplex,
  over: (bytes: number, fault?: Fault) => void,
) => boolean;

/** What the relay of a handshake has beside the exchange; the socket tells when the client reads on. */
export interface Handshake {
  readonly join: Join;
  readonly socket: Duplex;
}

interface TunnelSetup {
  readonly join: Join;
  /** Where it came to no tunnel: what the client sent in hope of one is read away, so that its end is seen. */
  abandon(): void;
}

/** The tunnel of one upgrade, to be joined after the upstream's 101. */
export function createJoin(
  upgrade: Upgrade,
  idleMs: number,
  streamWatcher: StreamWatcher | undefined,
): TunnelSetup {
  const { res, socket: client, firstBytes, opened, admission, responseHeaders } = upgrade;
  const stopWatching = watch(client);

  function abandon(): void {
    stopWatching();
    client.resume();
  }

  const join: Join = (raw, upstream, over) => {
    stopWatching();
    // RFC 9110 7.8: an upstream may only switch to what it was asked for.
    if (!isWebSocket(fieldOf(raw, 'upgrade'))) return false;
    upstream.allowHalfOpen = true;
    if (res.socket) res.detachSocket(res.socket);
    client.write(switchingProtocols(raw, responseHeaders, admission.route.cors), 'latin1');
    if (firstBytes.length > 0) upstream.write(firstBytes);
    opened();
    connect(client, upstream, idleMs, over, (end) => streamWatcher?.watch(admission.principal, end));
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

/** Named twice it is still the one protocol. */
function isWebSocket(protocols = ''): boolean {
  return protocols.split(',').every((protocol) => protocol.trim().toLowerCase() === 'websocket');
}

/**
 * Notices a client that leaves before the 101: nothing else reads its socket by then. What it has sent stays in the
 * socket's own buffer, which bounds it.
 */
function watch(client: Duplex): () => void {
  const look = (): void => {
    // An empty read is what makes the stream tell its end.
    if (client.readableLength === 0) client.read();
  };
  const leave = (): void => {
    client.destroy();
  };
  client.on('readable', look).once('end', leave);
  return () => client.off('readable', look).off('end', leave);
}

function connect(
  client: Duplex,
  upstream: Duplex,
  idleMs: number,
  over: Parameters<Join>[2],
  hold: (end: () => void) => (() => void) | undefined,
): void {
  let bytes = 0;
  let open = 2;
  let fault: Fault | undefined;
  const end = (why: Fault): void => {
    fault ??= why;
    client.destroy();
    upstream.destroy();
  };
  const idle = setTimeout(end, idleMs, 'tunnel_idle');
  const letGo = hold(() => end('token_ended'));
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    idle.refresh();
  };
  const closed = (here: Duplex, there: Duplex): void => {
    // A side that broke takes the other with it; one that ended has passed its end on.
    if (!here.readableEnded || !here.writableFinished) {
      fault ??= 'tunnel_broken';
      there.destroy();
    }
    open -= 1;
    if (open > 0) return;
    clearTimeout(idle);
    letGo?.();
    over(bytes, fault);
  };
  for (const [here, there] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    here.on('error', () => here.destroy());
    here.once('close', () => closed(here, there));
    here.on('data', count).pipe(there);
  }
}
