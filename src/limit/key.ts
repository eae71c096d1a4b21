/**
 * Under which key a request is counted: whom the limit counts, then which count it is. Never anything that a stranger can
 * multiply: a verified app, an address, or the route itself.
 *
 * `{a:token-project:app-1}:Yk3vQ0aZpA`. In the braces, a Redis Cluster's hash tag, stands the subject, so all limits
 * of one subject lie on one node. Keys are ASCII without a control character, and short: what is long is hashed.
 */
import { createHash } from 'node:crypto';
import type { LimitPolicy } from '../model/limit.js';
import type { Principal } from '../model/principal.js';
import { networkOf } from '../model/network.js';

/** With a subject no longer than this, a key at 10 per 2m takes less than 300 bytes of Redis, all in. */
const LONGEST_SUBJECT = 36;

const PLAIN = /^[A-Za-z0-9._~@|-]*$/;
const SPECIAL = /[^A-Za-z0-9._~@|-]/g;

/** 60 bits tell the counts of a file apart, and 132 the apps and addresses of the world, chosen in malice or not. */
const COUNT_DIGEST_LENGTH = 10;
const SUBJECT_DIGEST_LENGTH = 22;

/** A token that is verified once is shown again and again, so each principal's part is made once. */
const apps = new WeakMap<Principal, string>();

/** Which count it is: everything of a key that is known when a limit is loaded. */
export function countPart({ id }: LimitPolicy): string {
  return `:${digest(id, COUNT_DIGEST_LENGTH)}`;
}

/** The app that a request is counted for: issuer name and id together. */
export function appPart(principal: Principal): string {
  let part = apps.get(principal);
  if (part === undefined) {
    part = tag('a', `${escape(principal.issuer)}:${escape(principal.app)}`);
    apps.set(principal, part);
  }
  return part;
}

/** The client network that a request is counted for. */
export function ipPart(clientIp: string): string {
  return tag('i', escape(networkOf(clientIp)));
}

/** All callers of a route, or of the routes that share the limit. */
export function routePart(limit: LimitPolicy, match: string): string {
  return tag('r', limit.share === undefined ? `m:${escape(match)}` : `s:${escape(limit.share)}`);
}

/** The readable form has a colon where the hashed one has `#`, so neither can pass for the other. */
function tag(kind: string, subject: string): string {
  return subject.length <= LONGEST_SUBJECT
    ? `{${kind}:${subject}}`
    : `{${kind}#${digest(subject, SUBJECT_DIGEST_LENGTH)}}`;
}

/** Injective: by UTF-16 unit, since half a surrogate pair, which JSON allows, has no UTF-8 of its own. */
function escape(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(SPECIAL, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, length);
}
