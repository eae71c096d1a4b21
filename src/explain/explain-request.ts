/** Explains the first step: what Node's parser and `read` make of the request, and the normal form of its path. */
import type { RequestTarget } from '../model/decision.js';
import type { ExplainedCheck, ExplainedRequest, ExplainRequest } from '../model/explanation.js';
import { normalHost } from '../model/host.js';
import { Refusal } from '../model/refusal.js';
import type { RequestHead } from '../model/request.js';
import { parseRequest, type ParsedRequest } from '../server/server.js';
import type { ExplainContext } from './context.js';
import { detailOf, failed, passed } from './text.js';

/** A request that the gateway has read. */
export interface ReadRequest extends ParsedRequest {
  readonly head: RequestHead;
  readonly target: RequestTarget | Refusal;
}

/** The refusal of a request whose connection is closed without a response. */
const CLOSED = new Refusal('malformed_request');

/** Parses and reads a request as the public port does, or returns the parser's refusal. */
export async function readRequest(
  request: ExplainRequest,
  { gateway, settings }: Pick<ExplainContext, 'gateway' | 'settings'>,
): Promise<ReadRequest | Refusal> {
  const { method, target, host, headers, peer } = request;
  const parsed = await parseRequest({
    method,
    target,
    headers: host === undefined ? headers : ['Host', host, ...headers],
    peer,
    encrypted: settings.listen?.tls !== undefined,
  });
  if (parsed === undefined) return CLOSED;
  if (parsed instanceof Refusal) return parsed;
  const head = gateway.read(parsed.req);
  return { ...parsed, head, target: head.headError ?? gateway.readTarget(head) };
}

/** Describes what was read. */
export function describeRequest(
  { method, target: sent, host = '', peer }: ExplainRequest,
  read: ReadRequest | Refusal,
): ExplainedRequest {
  if (read instanceof Refusal) {
    const checks = [failed('head', read.detail ?? 'the HTTP parser refuses it')];
    return { method, host, path: null, normalized: [], client_ip: peer, checks };
  }
  const { head, target } = read;
  const base = { method, host: head.host, client_ip: head.clientIp };
  if (target instanceof Refusal) {
    const isOfHead = head.headError !== undefined;
    const check = failed(isOfHead ? 'head' : 'path', detailOf(target));
    return {
      ...base,
      path: null,
      normalized: [],
      checks: isOfHead ? [check] : [headCheck(head, peer), check],
    };
  }
  const normalized = differences(sent, target.path, head.host);
  const checks = [
    headCheck(head, peer),
    passed('path', normalized.length === 0 ? 'is in its normal form' : normalized.join('; ')),
  ];
  return { ...base, path: target.path, normalized, checks };
}

function headCheck({ clientIp, viaTrustedProxy }: RequestHead, peer: string): ExplainedCheck {
  const isNamed = viaTrustedProxy && clientIp !== peer;
  return passed('head', `from ${clientIp}${isNamed ? `, as the trusted proxy ${peer} says` : ''}`);
}

function differences(sent: string, path: string, host: string): string[] {
  const found: string[] = [];
  const sentPath = sent.replace(/\?.*$/s, '');
  if (sentPath !== path) found.push(`${sentPath} is read as ${path}`);
  const normal = normalHost(host);
  if (normal !== host.replace(/:\d+$/, '')) found.push(`the host ${host} is read as ${normal}`);
  return found;
}
