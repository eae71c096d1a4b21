/** The header of the request to the upstream: the caller's fields, less what it may not say, plus what the gate says. */
import type { Log } from '../model/log.js';
import type { Principal } from '../model/principal.js';
import type { RequestHead } from '../model/request.js';
import type { Target, Upstream } from '../model/upstream.js';
import { isIdentityField, plainName } from '../model/identity-fields.js';
import { HOP_BY_HOP, nominate } from './field-names.js';
import { createIdentity } from './identity.js';

/** Fields that the gate alone says, or that could change what was matched; the caller's own are dropped. */
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
/** What a trusted proxy may say besides. In this spelling only: a proxy sets these, and may let others pass. */
const FROM_TRUSTED_PROXY = new Set(['x-forwarded-port', 'x-forwarded-prefix', 'x-real-ip']);

/** Fields that no configuration can set: they frame the message, or say who is calling. */
const UNSETTABLE = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', 'x-request-id']);

/**
 * @param contentLength undefined where there is no body, or where its length is not known or not the caller's
 */
export type BuildRequestHeaders = (
  head: RequestHead,
  principal: Principal,
  contentLength: number | undefined,
) => string[];

export function createRequestHeaders(upstream: Upstream, log: Log): (target: Target) => BuildRequestHeaders {
  const set = upstream.headers.set.filter(([name]) => isSettable(name, upstream, log));
  const setNames = new Set(set.map(([name]) => plainName(name.toLowerCase())));
  const removed = new Set(upstream.headers.remove.map((name) => plainName(name.toLowerCase())));
  const dropped = new Set([...HOP_BY_HOP, ...OWNED, ...setNames, ...removed]);
  if (!upstream.forwardAuthorization) dropped.add('authorization');

  const identity = createIdentity(removed);
  const says = (name: string): boolean => !setNames.has(name) && !removed.has(name);
  const saysFor = says('x-forwarded-for');
  const saysProto = says('x-forwarded-proto');
  const saysHost = says('x-forwarded-host');
  const saysForwarded = says('forwarded');
  const saysId = says('x-request-id');
  const added = set.flat();
  const passing = rememberNames((name) => !isForbidden(plainName(name.toLowerCase()), dropped));
  const passingFromProxy = rememberNames((name) => {
    const lower = name.toLowerCase();
    return FROM_TRUSTED_PROXY.has(lower) ? says(lower) : !isForbidden(plainName(lower), dropped);
  });

  return (target) =>
    function build(head, principal, contentLength) {
      const { rawHeaders } = head;
      const passes = head.viaTrustedProxy ? passingFromProxy : passing;
      const fields = ['Host', upstream.host === 'preserve' ? head.host : target.host];
      if (contentLength !== undefined) fields.push('Content-Length', String(contentLength));
      const nominated = nominatedBy(rawHeaders);
      for (let at = 0; at < rawHeaders.length; at += 2) {
        const name = passes(rawHeaders[at]!);
        if (name === undefined || nominated?.has(name.toLowerCase())) continue;
        fields.push(name, rawHeaders[at + 1]!);
      }
      if (saysFor) fields.push('X-Forwarded-For', head.forwardedFor);
      if (saysProto) fields.push('X-Forwarded-Proto', head.forwardedProto);
      if (saysHost) fields.push('X-Forwarded-Host', head.forwardedHost);
      if (saysForwarded && head.forwarded !== undefined) fields.push('Forwarded', head.forwarded);
      if (saysId) fields.push('X-Request-Id', head.id);
      for (const text of identity(principal)) fields.push(text);
      for (const text of added) fields.push(text);
      return fields;
    };
}

/**
 * Callers send few names again and again; those that a stranger makes up beyond so many are judged each time. Each that
 * passes is given back as the string that was seen first, by which undici finds what it knows of it faster.
 */
const REMEMBERED_NAMES = 512;
const LONGEST_REMEMBERED = 64;

function rememberNames(passes: (name: string) => boolean): (name: string) => string | undefined {
  const known = new Map<string, string | null>();
  return (name) => {
    let verdict = known.get(name);
    if (verdict === undefined) {
      verdict = passes(name) ? name : null;
      if (known.size < REMEMBERED_NAMES && name.length <= LONGEST_REMEMBERED) known.set(name, verdict);
    }
    return verdict ?? undefined;
  };
}

/** The names of all Connection fields together; one may stand after the field that it nominates. */
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
