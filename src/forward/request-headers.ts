/**
 * Builds the header of the request to the upstream, for `target-pool.ts`: the caller's allowed fields, then the
 * gateway's.
 */
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { RequestHead } from '../model/request.js';
import type { RequestTrace } from '../model/trace.js';
import type { Target, Upstream } from '../model/upstream.js';
import { isIdentityField, plainName } from '../model/identity-fields.js';
import { createClaimFields } from './claim-fields.js';
import { HOP_BY_HOP, nominate } from './field-names.js';
import { createIdentity } from './identity.js';

/** Fields that only the gateway sets, or that could change what was matched. The caller's fields are dropped. */
const OWNED = [
  'host',
  'content-length',
  'expect',
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-url',
  'x-rewrite-url',
];
const FORWARDED = 'x-forwarded-';
/** Allowed only from a trusted proxy. In this spelling only: the proxy sets these but may forward other spellings. */
const FROM_TRUSTED_PROXY = new Set(['x-forwarded-port', 'x-forwarded-prefix', 'x-real-ip']);

/** Fields that no configuration can set: they frame the message or identify the request. */
const UNSETTABLE = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', 'x-request-id']);

/**
 * @param contentLength undefined where there is no body, or its length is unknown or not from the caller
 * @param prefix the X-Forwarded-Prefix in place of a trusted proxy's; undefined where the route removes none
 * @param trace what replaces the caller's trace context; undefined: it is passed on unchanged
 */
export type BuildRequestHeaders = (
  head: RequestHead,
  principal: Principal,
  contentLength: number | undefined,
  prefix?: string,
  trace?: RequestTrace,
) => string[];

/**
 * Creates the builders of an upstream's request headers, one per target. A field of the file that cannot be set is
 * logged and ignored.
 */
export function createRequestHeaders(upstream: Upstream, log: Log): (target: Target) => BuildRequestHeaders {
  const set = upstream.headers.set.filter(([name]) => isSettable(name, upstream, log));
  const claims = upstream.headers.claims.filter(([name]) => isSettable(name, upstream, log));
  const setNames = new Set([...set, ...claims].map(([name]) => plainName(name.toLowerCase())));
  const removed = new Set(upstream.headers.remove.map((name) => plainName(name.toLowerCase())));
  const dropped = new Set([...HOP_BY_HOP, ...OWNED, ...setNames, ...removed, ...upstream.identityFields]);
  const clientIpName = upstream.clientIpHeader && plainName(upstream.clientIpHeader.toLowerCase());
  if (clientIpName !== undefined) dropped.add(clientIpName);
  if (!upstream.forwardAuthorization) dropped.add('authorization');

  const claimFields = createClaimFields(upstream.name, claims, log);
  const identity = createIdentity(removed, claimFields);
  const isAdded = (name: string): boolean => !setNames.has(name) && !removed.has(name);
  const addsFor = isAdded('x-forwarded-for');
  const addsProto = isAdded('x-forwarded-proto');
  const addsHost = isAdded('x-forwarded-host');
  const addsPrefix = isAdded('x-forwarded-prefix');
  const addedClientIp =
    clientIpName !== undefined && isAdded(clientIpName) ? upstream.clientIpHeader : undefined;
  const addsForwarded = isAdded('forwarded');
  const addsId = isAdded('x-request-id');
  const addsTrace = isAdded('traceparent');
  const fixedFields = set.flat();
  const allowedName = cacheNames((name) => !isForbidden(plainName(name.toLowerCase()), dropped));
  const allowedNameFromProxy = cacheNames((name) => {
    const lower = name.toLowerCase();
    return FROM_TRUSTED_PROXY.has(lower) && lower !== clientIpName
      ? isAdded(lower)
      : !isForbidden(plainName(lower), dropped);
  });

  return (target) =>
    function build(head, principal, contentLength, prefix, trace) {
      const { rawHeaders } = head;
      const allow = head.viaTrustedProxy ? allowedNameFromProxy : allowedName;
      const fields = ['Host', upstream.host === 'preserve' ? head.host : target.host];
      if (contentLength !== undefined) fields.push('Content-Length', String(contentLength));
      const nominated = nominatedBy(rawHeaders);
      for (let at = 0; at < rawHeaders.length; at += 2) {
        const name = allow(rawHeaders[at]!);
        if (name === undefined || nominated?.has(name.toLowerCase())) continue;
        if (prefix !== undefined && name.toLowerCase() === 'x-forwarded-prefix') continue;
        if (trace !== undefined && replaces(trace, name.toLowerCase())) continue;
        fields.push(name, rawHeaders[at + 1]!);
      }
      if (addsFor) fields.push('X-Forwarded-For', head.forwardedFor);
      if (addsProto) fields.push('X-Forwarded-Proto', head.forwardedProto);
      if (addsHost) fields.push('X-Forwarded-Host', head.forwardedHost);
      if (addsPrefix && prefix !== undefined) fields.push('X-Forwarded-Prefix', prefix);
      if (addedClientIp !== undefined) fields.push(addedClientIp, head.clientIp);
      if (addsForwarded && head.forwarded !== undefined) fields.push('Forwarded', head.forwarded);
      if (addsId) fields.push('X-Request-Id', head.id);
      if (trace !== undefined && addsTrace) fields.push('traceparent', trace.traceparent);
      for (const text of identity(principal)) fields.push(text);
      for (const text of fixedFields) fields.push(text);
      return fields;
    };
}

/** A `tracestate` is passed on with the `traceparent` that it belongs to. */
function replaces({ keepsState }: RequestTrace, name: string): boolean {
  return name === 'traceparent' || (name === 'tracestate' && !keepsState);
}

/** Callers repeat few names. Beyond this many, which a hostile client can send, names are checked each time. */
const CACHED_NAMES = 512;
const MAX_CACHED_LENGTH = 64;

/**
 * Caches a check of names. An allowed name is returned as the string that was seen first; undici's lookups are faster
 * then.
 */
function cacheNames(isAllowed: (name: string) => boolean): (name: string) => string | undefined {
  const cache = new Map<string, string | null>();
  return (name) => {
    let allowed = cache.get(name);
    if (allowed === undefined) {
      allowed = isAllowed(name) ? name : null;
      if (cache.size < CACHED_NAMES && name.length <= MAX_CACHED_LENGTH) cache.set(name, allowed);
    }
    return allowed ?? undefined;
  };
}

/** The names that all Connection fields nominate. One may come after the field that it nominates. */
function nominatedBy(rawHeaders: RequestHead['rawHeaders']): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    names = nominate(rawHeaders[at + 1]!, names);
  }
  return names;
}

function isForbidden(name: string, dropped: ReadonlySet<string>): boolean {
  return dropped.has(name) || isIdentityField(name) || name.startsWith(FORWARDED);
}

function isSettable(name: string, upstream: Upstream, log: Log): boolean {
  const plain = plainName(name.toLowerCase());
  if (!UNSETTABLE.has(plain) && !isIdentityField(plain)) return true;
  log.warn({ upstream: upstream.name, field: name }, 'this field is never set from the file; ignored');
  return false;
}
