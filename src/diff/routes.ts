/** Compares two routes that requests had and have, and finds the old route that a new one continues. */
import { isDeepStrictEqual } from 'node:util';
import { coversHost } from '../model/host.js';
import type { FailurePolicy } from '../model/limit.js';
import type { Route, Segment } from '../model/route.js';
import type { Settings } from '../model/settings.js';
import { conditionsBeyond, impliesScopes } from './access.js';
import { widened, type Finding } from './change.js';
import { compareCors } from './cors.js';
import { conditionText, listText, scopeText, lostConditionText } from './words.js';

/** The files that the two routes are from. */
export interface Files {
  readonly old: Settings;
  readonly new: Settings;
}

/** Returns how the access to a request differs where `old` had it and `now` has it. Limits are compared elsewhere. */
export function compareAccess(old: Route, now: Route, files: Files): readonly Finding[] {
  return [
    ...compareScope(old, now),
    ...compareConditions(old, now),
    ...compareAccepted(old, now, files),
    ...compareOptions(old, now),
    ...compareOwnCors(old, now, files),
  ];
}

function compareScope(old: Route, now: Route): readonly Finding[] {
  const { access: before } = old;
  const { access: after } = now;
  const isNarrower =
    before.kind === 'public' ||
    (after.kind === 'scoped' && impliesScopes(after.requirement, before.requirement));
  const isWider =
    after.kind === 'public' ||
    (before.kind === 'scoped' && impliesScopes(before.requirement, after.requirement));
  if (isNarrower && isWider) return [];
  const kind = after.kind === 'public' ? 'public' : 'scope';
  const shadow = !isNarrower && isInShadow(now) ? '; its scope is in shadow' : '';
  return [widened(!isNarrower, kind, `needs ${needText(now)} instead of ${needText(old)}${shadow}`)];
}

function needText({ access }: Route): string {
  return access.kind === 'public' ? 'no token' : scopeText(access);
}

function isInShadow({ shadow }: Route): boolean {
  return shadow?.access.kind === 'scoped' && shadow.access.requirement.scopes.length > 0;
}

function compareConditions(old: Route, now: Route): readonly Finding[] {
  if (old.access.kind === 'public' || now.access.kind === 'public') return [];
  const shadowed = (now.shadow?.require ?? []).map(conditionText);
  return [
    ...conditionsBeyond(old, now).map((condition) => {
      const shadow = shadowed.includes(conditionText(condition)) ? '; it is in shadow' : '';
      return widened(
        true,
        'condition',
        `${lostConditionText(condition, old.require ?? [], now.require ?? [])}${shadow}`,
      );
    }),
    ...conditionsBeyond(now, old).map((condition) =>
      widened(false, 'condition', `require: "${conditionText(condition)}" is needed`),
    ),
  ];
}

/** Compares whose tokens the routes accept. An issuer that only one file has is reported once, for itself. */
function compareAccepted(old: Route, now: Route, files: Files): readonly Finding[] {
  if (old.access.kind === 'public' || now.access.kind === 'public') return [];
  const before = acceptedBy(old, files.old);
  const after = acceptedBy(now, files.new);
  const isIn = ({ issuers }: Settings, iss: string | undefined) => issuers.some((each) => each.iss === iss);
  const added = [...after].filter(([iss]) => !before.has(iss) && isIn(files.old, iss));
  const removed = [...before].filter(([iss]) => !after.has(iss) && isIn(files.new, iss));
  const names = (accepted: typeof added) => listText(accepted.map(([, name]) => name));
  return [
    ...(added.length > 0 ? [widened(true, 'issuer', `tokens of ${names(added)} are accepted too`)] : []),
    ...(removed.length > 0 ? [widened(false, 'issuer', `tokens of ${names(removed)} are refused`)] : []),
  ];
}

/** The accepted issuers: their names by `iss`. */
function acceptedBy({ access }: Route, { issuers }: Settings): ReadonlyMap<string | undefined, string> {
  if (access.kind === 'public') return new Map();
  return new Map(
    issuers
      .filter(({ name }) => access.issuers?.has(name) ?? true)
      .map(({ iss, name }) => [iss, name] as const),
  );
}

const STRICTNESS = { closed: 0, local: 1, open: 2 } as const satisfies Record<FailurePolicy, number>;

function compareOptions(old: Route, now: Route): readonly Finding[] {
  const findings: Finding[] = [];
  if (old.onFailure !== now.onFailure && old.limits.length > 0 && now.limits.length > 0) {
    const isLooser = STRICTNESS[now.onFailure] > STRICTNESS[old.onFailure];
    const text = `on_failure: ${now.onFailure} instead of ${old.onFailure}`;
    findings.push(widened(isLooser, 'on_failure', text));
  }
  if (old.maxBodyBytes !== now.maxBodyBytes) {
    const text = `max_body: ${now.maxBodyBytes} bytes instead of ${old.maxBodyBytes}`;
    findings.push(widened(now.maxBodyBytes > old.maxBodyBytes, 'max_body', text));
  }
  if (old.allowEncodedSlash !== now.allowEncodedSlash) {
    const text = `paths with %2F are ${now.allowEncodedSlash ? 'accepted' : 'refused'}`;
    findings.push(widened(now.allowEncodedSlash, 'allow_encoded_slash', text));
  }
  return findings;
}

/** Where both routes have the rules of their file, the file's are compared once. */
function compareOwnCors(old: Route, now: Route, files: Files): readonly Finding[] {
  const isFiles = isDeepStrictEqual(old.cors, files.old.cors) && isDeepStrictEqual(now.cors, files.new.cors);
  if (isFiles) return [];
  return compareCors(old.cors, now.cors).map((finding) => ({ ...finding, text: `cors: ${finding.text}` }));
}

/** Returns how the hosts and methods of a route differ; a host that it did not have is loosened. */
export function compareMatch(old: Route, now: Route): readonly Finding[] {
  const findings: Finding[] = [];
  const before = old.hosts ?? [undefined];
  const after = now.hosts ?? [undefined];
  const isCovered = (host: string | undefined, hosts: readonly (string | undefined)[]) =>
    hosts.some((each) => coversHost(each, host));
  const added = after.filter((host) => !isCovered(host, before));
  const removed = before.filter((host) => !isCovered(host, after));
  const text = `hosts: ${listText(now.hosts ?? ['any'])} instead of ${listText(old.hosts ?? ['any'])}`;
  if (added.length + removed.length > 0) findings.push(widened(added.length > 0, 'host', text));
  const methods = (route: Route) => (route.methods === 'any' ? 'any' : listText([...route.methods].sort()));
  if (methods(old) !== methods(now)) {
    const methodsText = `methods: ${methods(now)} instead of ${methods(old)}`;
    findings.push({ effect: 'changed', kind: 'methods', text: methodsText });
  }
  return findings;
}

/**
 * Finds for each new route the old one that it continues: of the same path, with the same hosts and methods if there is such
 * a one, else with the same methods, else with the same hosts. Each old route is continued once.
 */
export function predecessorsOf(old: readonly Route[], now: readonly Route[]): ReadonlyMap<Route, Route> {
  const found = new Map<Route, Route>();
  const taken = new Set<Route>();
  for (const keyOf of [keyOfMatch, keyOfMethods, keyOfHosts]) {
    for (const route of now) {
      if (found.has(route)) continue;
      const key = keyOf(route);
      const predecessor = old.find((each) => !taken.has(each) && keyOf(each) === key);
      if (!predecessor) continue;
      found.set(route, predecessor);
      taken.add(predecessor);
    }
  }
  return found;
}

function keyOfMatch(route: Route): string {
  return JSON.stringify([keyOfMethods(route), keyOfHosts(route)]);
}

function keyOfMethods({ methods, path }: Route): string {
  return JSON.stringify([methods === 'any' ? 'any' : [...methods].sort(), path.map(keyOfSegment)]);
}

function keyOfHosts({ hosts, path }: Route): string {
  return JSON.stringify([hosts && [...hosts].sort(), path.map(keyOfSegment)]);
}

/** A placeholder's name does not matter. */
function keyOfSegment(segment: Segment): readonly string[] {
  return segment.kind === 'literal' ? [segment.kind, segment.text] : [segment.kind];
}
