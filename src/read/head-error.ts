/** Refuses heads that are too large, and heads that two servers could read as different requests. Called by `read.ts`. */
import { METHODS, type IncomingMessage } from 'node:http';
import { Refusal } from '../model/refusal.js';
import type { Fields, SingleField } from './fields.js';
import { isHost } from './host.js';

const MAX_TARGET_BYTES = 8192;
const MAX_FIELDS = 100;
/** With more digits a length is no longer exact as a number. */
const CONTENT_LENGTH = /^[0-9]{1,15}$/;

const TARGET_TOO_LONG = new Refusal('target_too_long');
const TOO_MANY_FIELDS = new Refusal('headers_too_large');
const UNKNOWN_VERSION = malformed('the HTTP version is neither 1.0 nor 1.1');
const OTHER_PROTOCOL = malformed('the protocol is not HTTP');
const NO_HOST = malformed('there is no Host field');
const BAD_HOST = malformed('the Host field is not a host with an optional port');
const TWO_LENGTHS = unframed('both Content-Length and Transfer-Encoding are present');
const BAD_LENGTH = unframed('the Content-Length field is not a length');
const UNKNOWN_CODING = unframed('the transfer coding is not chunked');
const CODING_IN_HTTP_1_0 = unframed('HTTP/1.0 has no Transfer-Encoding');

const DUPLICATED: Readonly<Record<SingleField, Refusal>> = {
  host: malformed('there are two Host fields'),
  contentLength: unframed('there are two Content-Length fields'),
  transferEncoding: unframed('there are two Transfer-Encoding fields'),
  // RFC 6750 3.1: more than one method of including a token.
  authorization: new Refusal('malformed_credentials', [
    'WWW-Authenticate',
    'Bearer realm="tollgate", error="invalid_request", error_description="There is more than one Authorization field"',
  ]),
};

/** Returns the refusal for the first error of a head; undefined where it is valid. */
export function validateHead(req: IncomingMessage, fields: Fields): Refusal | undefined {
  if ((req.url ?? '').length > MAX_TARGET_BYTES) return TARGET_TOO_LONG;
  if (req.rawHeaders.length > 2 * MAX_FIELDS) return TOO_MANY_FIELDS;
  if (req.httpVersion !== '1.1') {
    if (req.httpVersion !== '1.0') return UNKNOWN_VERSION;
    // Node's parser reports RTSP/1.0 as HTTP/1.0; only RTSP's own methods reveal it.
    if (!METHODS.includes(req.method ?? '')) return OTHER_PROTOCOL;
  }
  if (fields.duplicated !== undefined) return DUPLICATED[fields.duplicated];
  return validateHost(fields.host) ?? validateFraming(req, fields);
}

function validateHost(host: string | undefined): Refusal | undefined {
  if (host === undefined) return NO_HOST;
  return isHost(host) ? undefined : BAD_HOST;
}

/** The end of a request must be unambiguous (RFC 9112 6.3): otherwise part of it could be read as another request. */
function validateFraming(
  req: IncomingMessage,
  { contentLength, transferEncoding }: Fields,
): Refusal | undefined {
  if (transferEncoding === undefined) {
    return contentLength === undefined || CONTENT_LENGTH.test(contentLength) ? undefined : BAD_LENGTH;
  }
  if (contentLength !== undefined) return TWO_LENGTHS;
  if (transferEncoding.toLowerCase() !== 'chunked') return UNKNOWN_CODING;
  return req.httpVersion === '1.0' ? CODING_IN_HTTP_1_0 : undefined; // RFC 9112 6.1
}

/** The end of such a request is unknown, so the connection is closed (RFC 9112 6.3). */
function unframed(detail: string): Refusal {
  return new Refusal('malformed_request', ['Connection', 'close'], detail);
}

function malformed(detail: string): Refusal {
  return new Refusal('malformed_request', [], detail);
}
