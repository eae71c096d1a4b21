/**
 * Makes the key under which a request is counted: the subject, then the count. A subject is a verified app, an address
 * or the route, so that an unauthenticated client cannot multiply keys.
 *
 * `{a:token-project:app-1}:Yk3vQ0aZpA`. The subject is in the braces, the hash tag of Redis Cluster, so that all limits
 * of one subject are on one node. Keys are short ASCII without control characters: a long subject is hashed.
 */
import { createHash } from 'node:crypto';
import type { LimitPolicy } from '../model/limit.js';
import type { Principal } from '../model/principal.js';
import { networkOf } from '../model/network.js';

/** With a subject up to this length, a key at 10 per 2m takes less than 300 bytes of Redis in total. */
const MAX_SUBJECT_LENGTH = 36;

const PLAIN = /^[A-Za-z0-9._~@|-]*$/;
const SPECIAL = /[^A-Za-z0-9._~@|-]/g;

/** 60 bits distinguish the counts of a file. 132 bits distinguish all apps and addresses, even malicious ones. */
const COUNT_DIGEST_LENGTH = 10;
const SUBJECT_DIGEST_LENGTH = 22;

/** A verified token is used for many requests, so each principal's part is made once. */
const apps = new WeakMap<Principal, string>();

/** Returns the part of a key that names the count. It is known when a limit is loaded. */
export function countPart({ id }: LimitPolicy): string {
  return `:${digest(id, COUNT_DIGEST_LENGTH)}`;
}

/** Returns the part for an app: issuer name and app id. */
export function appPart(principal: Principal): string {
  let part = apps.get(principal);
  if (part === undefined) {
    part = tag('a', `${escape(principal.issuer)}:${escape(principal.app)}`);
    apps.set(principal, part);
  }
  return part;
}

/** Returns the part for the network of a client's address. */
export function ipPart(clientIp: string): string {
  return tag('i', escape(networkOf(clientIp)));
}

/** Returns the part for all callers of a route, or of the routes that share the limit. */
export function routePart(limit: LimitPolicy, label: string): string {
  return tag('r', limit.share === undefined ? `m:${escape(label)}` : `s:${escape(limit.share)}`);
}

/** The readable form has a colon where the hashed one has `#`, so they cannot collide. */
function tag(kind: string, subject: string): string {
  return subject.length <= MAX_SUBJECT_LENGTH
    ? `{${kind}:${subject}}`
    : `{${kind}#${digest(subject, SUBJECT_DIGEST_LENGTH)}}`;
}

/** Injective. It escapes UTF-16 units, since JSON allows a lone surrogate, which has no UTF-8 form. */
function escape(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(SPECIAL, (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, length);
}
