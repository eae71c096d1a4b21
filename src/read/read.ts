/** The first step of the way: a request's head, read once. Never throws; what is wrong with the head is its `flaw`. */
import type { IncomingMessage } from 'node:http';
import type { RequestHead } from '../model/request.js';
import { createReadAddress } from './address.js';
import { collect, type Fields } from './fields.js';
import { validateHead } from './head-error.js';
import { resolveClient } from './forwarding-info.js';

export interface ReaderOptions {
  /** The addresses and CIDR blocks whose X-Forwarded-*, X-Real-IP, Forwarded and X-Request-Id are believed. */
  readonly trustProxy: readonly string[];
  /** Makes a request id. */
  readonly newId: () => string;
}

export type Read = (req: IncomingMessage) => RequestHead;

/** RFC 9110 5.6.2, of a length that a log line can bear. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;
const SHORT_VISIBLE = /^[!-~]{1,128}$/;

export function createReader({ trustProxy, newId }: ReaderOptions): Read {
  const readAddress = createReadAddress(trustProxy);

  return function read(req) {
    const fields = collect(req.rawHeaders);
    const { requestId = '' } = fields;
    const origin = resolveClient(req, fields, readAddress);
    const method = req.method ?? '';
    const trusted = origin.trusted && TOKEN.test(requestId);
    const flaw = validateHead(req, fields);
    const body = bodyOf(fields);
    const contentLength = body === 'sized' && flaw === undefined ? Number(fields.contentLength) : 0;
    const empty = body === 'none' || (body === 'sized' && contentLength === 0);
    const current = req.httpVersion !== '1.0';
    return {
      id: trusted ? requestId : newId(),
      clientRequestId: !trusted && SHORT_VISIBLE.test(requestId) ? requestId : undefined,
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
      // HTTP/1.0 knows neither, and a server must not act on them there (RFC 9110 7.8 and 10.1.1).
      expectsContinue:
        current && !empty && fields.expect !== undefined && lists(fields.expect, '100-continue'),
      websocket: current && empty && method === 'GET' && asksForWebSocket(fields),
      clientIp: origin.clientIp,
      forwardedFor: origin.forwardedFor,
      forwardedProto: origin.forwardedProto,
      forwardedHost: origin.forwardedHost,
      forwarded: origin.forwarded,
      viaTrustedProxy: origin.trusted,
      headError: flaw,
    };
  };
}

function bodyOf({ contentLength, transferEncoding }: Fields): RequestHead['body'] {
  if (transferEncoding !== undefined) return 'chunked';
  return contentLength === undefined ? 'none' : 'sized';
}

/** RFC 6455 4.2.1. An offer of several protocols is not taken for one: the upstream might choose the other. */
function asksForWebSocket({ upgrade, connection }: Fields): boolean {
  if (upgrade?.trim().toLowerCase() !== 'websocket' || connection === undefined) return false;
  return lists(connection, 'upgrade');
}

/** Whether a list field (RFC 9110 5.6.1) has a member, whatever its case. */
function lists(list: string, member: string): boolean {
  return list.split(',').some((each) => each.trim().toLowerCase() === member);
}
