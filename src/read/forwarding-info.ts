/** Determines the client's address and the forwarding fields for the upstream. Called by `read.ts`. */
import type { IncomingMessage } from 'node:http';
import type { FlatHeaders } from '../model/refusal.js';
import type { Address, ReadAddress } from './address.js';
import type { Fields } from './fields.js';
import { appendForwarded } from './forwarded.js';
import { isHost } from './host.js';

export interface ForwardingInfo {
  /** Whether the peer is a trusted proxy. */
  readonly trusted: boolean;
  readonly clientIp: string;
  readonly forwardedFor: string;
  readonly forwardedProto: string;
  readonly forwardedHost: string;
  /** The Forwarded field; undefined where the peer is not trusted, or sent none or an invalid one. */
  readonly forwarded: string | undefined;
}

/** A peer without an address: a Unix socket, or a connection that is already closed (RFC 7239 6.2). */
const UNKNOWN: Address = { ip: 'unknown', trusted: false };

/**
 * Determines the client's address. Forwarding fields count only where the peer is a trusted proxy; then the client is the
 * rightmost address of the chain that is not trusted, or, with `clientIpName`, the address in that field. A proxy that
 * sets such a field may pass on any chain, so without the field, or with an invalid one, the client is the peer.
 *
 * @param clientIpName the name in lower case of the field with the client's address
 */
export function resolveClient(
  req: IncomingMessage,
  fields: Fields,
  readAddress: ReadAddress,
  clientIpName: string | undefined,
): ForwardingInfo {
  const peer = readAddress(req.socket.remoteAddress ?? '') ?? UNKNOWN;
  const proto = 'encrypted' in req.socket && req.socket.encrypted === true ? 'https' : 'http';
  const host = fields.host ?? '';
  if (!peer.trusted) {
    return {
      trusted: false,
      clientIp: peer.ip,
      forwardedFor: peer.ip,
      forwardedProto: proto,
      forwardedHost: host,
      forwarded: undefined,
    };
  }
  const named = clientIpName === undefined ? undefined : readAddress(onlyValue(req.rawHeaders, clientIpName));
  const chain =
    fields.forwardedFor ?? (clientIpName === undefined ? readAddress(fields.realIp ?? '') : named)?.ip ?? '';
  const { forwarded } = fields;
  return {
    trusted: true,
    clientIp: clientIpName === undefined ? clientOf(chain, peer, readAddress) : (named ?? peer).ip,
    forwardedFor: chain === '' ? peer.ip : `${chain}, ${peer.ip}`,
    forwardedProto: protoOf(fields.forwardedProto) ?? proto,
    forwardedHost: isHost(fields.forwardedHost ?? '') ? fields.forwardedHost! : host,
    forwarded: forwarded === undefined ? undefined : appendForwarded(forwarded, { ip: peer.ip, host, proto }),
  };
}

/**
 * Returns the value of a field that occurs once, otherwise an empty text: a proxy that appends its field leaves a
 * client's own before it.
 */
function onlyValue(rawHeaders: FlatHeaders, name: string): string {
  let value: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const field = rawHeaders[at]!;
    if (field.length !== name.length || field.toLowerCase() !== name) continue;
    if (value !== undefined) return '';
    value = rawHeaders[at + 1];
  }
  return value ?? '';
}

/** Reads the chain from the right, past the trusted proxies. An invalid entry ends it: the last valid address counts. */
function clientOf(chain: string, peer: Address, readAddress: ReadAddress): string {
  let client = peer;
  let end = chain.length;
  while (client.trusted && end > 0) {
    const comma = chain.lastIndexOf(',', end - 1);
    const next = readAddress(chain.slice(comma + 1, end).trim());
    if (next === undefined) break;
    client = next;
    end = comma;
  }
  return client.ip;
}

function protoOf(sent: string | undefined): string | undefined {
  const proto = sent?.toLowerCase();
  return proto === 'http' || proto === 'https' ? proto : undefined;
}
