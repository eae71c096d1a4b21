/** The first step of the pipeline: reads a request's head once. Called by `server/edge.ts` through the gateway. */
import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../model/request.js';
import { createReadAddress } from './address.js';
import { collect, type Fields } from './fields.js';
import { validateHead } from './head-error.js';
import { resolveClient } from './forwarding-info.js';

export interface ReaderOptions {
  /** The addresses and CIDR blocks whose X-Forwarded-*, X-Real-IP, Forwarded and X-Request-Id are trusted. */
  readonly trustProxy: readonly string[];
  /** The field in which these proxies send the client's address; undefined: the chain of X-Forwarded-For. */
  readonly clientIpHeader?: string | undefined;
  /** Makes a request id. */
  readonly newId: () => string;
}

/** Reads a head. Never throws: the refusal of an invalid head is its `headError`. */
export type Read = (req: IncomingMessage) => RequestHead;

/** RFC 9110 5.6.2. The length is bounded because the id is logged. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const SHORT_VISIBLE = /^[!-~]{1,128}$/;

/**
 * Creates the read step.
 *
 * @throws Error where an entry of `trustProxy` is not an address or a CIDR block
 */
export function createReader({ trustProxy, clientIpHeader, newId }: ReaderOptions): Read {
  const clientIpName = clientIpHeader?.toLowerCase();
  const readAddress = createReadAddress(trustProxy);

  return function read(req) {
    const fields = collect(req.rawHeaders);
    const { requestId = '' } = fields;
    const forwarding = resolveClient(req, fields, readAddress, clientIpName);
    const method = req.method ?? '';
    const keepsId = forwarding.trusted && TOKEN.test(requestId);
    const headError = validateHead(req, fields);
    const body = bodyOf(fields);
    const contentLength = body === 'sized' && headError === undefined ? Number(fields.contentLength) : 0;
    const empty = body === 'none' || (body === 'sized' && contentLength === 0);
    const isHttp11 = req.httpVersion !== '1.0';
    return {
      id: keepsId ? requestId : newId(),
      clientRequestId: !keepsId && SHORT_VISIBLE.test(requestId) ? requestId : undefined,
      method,
      target: req.url ?? '',
      host: fields.host ?? '',
      rawHeaders: req.rawHeaders,
      authorization: fields.authorization,
      socket: req.socket,
      origin: fields.origin,
      preflightMethod:
        method === 'OPTIONS' && fields.origin !== undefined ? fields.requestedMethod : undefined,
      body,
      contentLength,
      // HTTP/1.0 has neither Expect nor Upgrade, and a server must ignore them there (RFC 9110 7.8 and 10.1.1).
      expectsContinue:
        isHttp11 && !empty && fields.expect !== undefined && lists(fields.expect, '100-continue'),
      websocket: isHttp11 && empty && method === 'GET' && asksForWebSocket(fields),
      clientIp: forwarding.clientIp,
      forwardedFor: forwarding.forwardedFor,
      forwardedProto: forwarding.forwardedProto,
      forwardedHost: forwarding.forwardedHost,
      forwarded: forwarding.forwarded,
      viaTrustedProxy: forwarding.trusted,
      headError,
    };
  };
}

function bodyOf({ contentLength, transferEncoding }: Fields): RequestHead['body'] {
  if (transferEncoding !== undefined) return 'chunked';
  return contentLength === undefined ? 'none' : 'sized';
}

/** RFC 6455 4.2.1. An offer of several protocols does not count: the upstream might choose another one. */
function asksForWebSocket({ upgrade, connection }: Fields): boolean {
  if (upgrade?.trim().toLowerCase() !== 'websocket' || connection === undefined) return false;
  return lists(connection, 'upgrade');
}

/** Returns whether a list field (RFC 9110 5.6.1) has a member, in any case. */
function lists(list: string, member: string): boolean {
  return list.split(',').some((each) => each.trim().toLowerCase() === member);
}
