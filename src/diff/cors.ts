/** Compares cross-origin rules. */
import type { Cors, SubdomainOrigins } from '../model/route.js';
import { widened, type Finding } from './change.js';
import { listText } from './words.js';

/** Returns how the rules differ: loosened where a page may do what it could not do. */
export function compareCors(old: Cors | undefined, now: Cors | undefined): readonly Finding[] {
  const before = textOf(old);
  const after = textOf(now);
  if (before === after) return [];
  return [widened(!isWithin(now, old), 'cors', `${after} instead of ${before}`)];
}

function textOf(cors: Cors | undefined): string {
  if (cors === undefined) return 'none';
  const origins = [
    ...cors.origins,
    ...cors.subdomains.map(({ prefix, suffix }) => `${prefix}*${suffix}`),
  ].sort();
  const headers = cors.headers.length === 0 ? '' : `, headers ${listText([...cors.headers].sort())}`;
  return `${listText(origins)}${cors.credentials ? ' with credentials' : ''}${headers}`;
}

function isWithin(inner: Cors | undefined, outer: Cors | undefined): boolean {
  if (inner === undefined) return true;
  if (outer === undefined) return inner.origins.length + inner.subdomains.length === 0;
  if (inner.credentials && !outer.credentials) return false;
  const names = outer.headers.map((name) => name.toLowerCase());
  return (
    inner.origins.every((origin) => outer.origins.includes('*') || isAllowed(outer, origin)) &&
    inner.subdomains.every((each) => outer.origins.includes('*') || isCovered(outer, each)) &&
    inner.headers.every((name) => names.includes(name.toLowerCase()))
  );
}

function isAllowed({ origins, subdomains }: Cors, origin: string): boolean {
  if (origins.includes(origin)) return true;
  return subdomains.some(
    ({ prefix, suffix }) =>
      origin.startsWith(prefix) &&
      origin.endsWith(suffix) &&
      /^[a-z0-9_.-]+$/.test(origin.slice(prefix.length, -suffix.length)),
  );
}

function isCovered({ subdomains }: Cors, { prefix, suffix }: SubdomainOrigins): boolean {
  return subdomains.some((outer) => outer.prefix === prefix && suffix.endsWith(outer.suffix));
}
