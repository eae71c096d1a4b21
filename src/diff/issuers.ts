/** Compares the issuers of two configurations. An issuer is the same one where its tokens have the same `iss`. */
import { isSameClaim } from '../model/claim.js';
import type { Issuer } from '../model/issuer.js';
import type { Settings } from '../model/settings.js';
import { keyOfSource } from '../model/token-source.js';
import { conditionsBeyond, grantsWithin } from './access.js';
import { placeOf, widened, type Change, type FilePath, type Finding } from './change.js';
import { compareKeys, type ReadText } from './keys.js';
import { conditionText, durationText, listText, lostConditionText } from './words.js';

/** Returns what differs between the issuers. An added one is loosened, whichever routes accept it. */
export function compareIssuers(old: Settings, now: Settings, readText: ReadText): readonly Change[] {
  const changes: Change[] = [];
  for (const issuer of now.issuers) {
    const place = { subject: `issuer ${issuer.name}`, new: pathOf(issuer) };
    const before = old.issuers.find(({ iss }) => iss === issuer.iss);
    if (before) {
      const findings = [
        ...compareName(before, issuer, old),
        ...compareIssuer(before, issuer),
        ...compareKeys(before, issuer, readText),
      ];
      for (const finding of findings) {
        const at = { old: placeOf(pathOf(before), finding), new: placeOf(place.new, finding) };
        changes.push({ ...finding, subject: place.subject, ...at });
      }
      continue;
    }
    const namesake = old.issuers.find(({ name }) => name === issuer.name);
    const text = namesake
      ? `accepts tokens of ${issText(issuer)} instead of ${issText(namesake)}`
      : `new issuer: tokens of ${issText(issuer)} are accepted`;
    changes.push({ ...widened(true, 'issuer', text), ...place, old: namesake && pathOf(namesake) });
  }
  for (const issuer of old.issuers) {
    if (now.issuers.some(({ iss, name }) => iss === issuer.iss || name === issuer.name)) continue;
    changes.push({
      effect: 'removed',
      kind: 'issuer',
      subject: `issuer ${issuer.name}`,
      text: `tokens of ${issText(issuer)} are no longer accepted`,
      old: pathOf(issuer),
      new: undefined,
    });
  }
  return changes;
}

function issText({ iss }: Issuer): string {
  return iss ?? 'no issuer';
}

function pathOf({ name, keys }: Issuer): FilePath {
  return keys.kind === 'own' ? ['tokens'] : ['issuers', name];
}

function compareIssuer(old: Issuer, now: Issuer): readonly Finding[] {
  return [
    ...compareAudience(old, now),
    ...compareSet('algorithms', old.algorithms, now.algorithms),
    ...compareSet('token_from', old.tokenFrom.map(keyOfSource), now.tokenFrom.map(keyOfSource)),
    ...compareSet('token_types', typesOf(old), typesOf(now)),
    ...compareClaims(old, now),
    ...compareRequire(old, now),
    ...compareExpiry(old, now),
    ...compareGrants(old, now),
    ...compareForwarding(old, now),
  ];
}

/** Counts and revocations have the issuer's name, so an app that is revoked for the old name is not for the new one. */
function compareName(old: Issuer, now: Issuer, { redis, tokens }: Settings): readonly Finding[] {
  if (old.name === now.name) return [];
  const text = `its name was ${old.name}; counts and revocations of its apps begin anew`;
  const isRevocable = redis !== undefined || tokens !== undefined;
  return [{ effect: isRevocable ? 'loosened' : 'changed', kind: 'name', text }];
}

function compareAudience(old: Issuer, now: Issuer): readonly Finding[] {
  const text = (issuer: Issuer) =>
    issuer.audience === undefined
      ? 'not checked'
      : `${issuer.audienceClaim.join('.')} ${issuer.audience.join(' or ')}`;
  const isNarrower = acceptsAudiencesOf(old, now);
  if (isNarrower && acceptsAudiencesOf(now, old)) return [];
  return [widened(!isNarrower, 'audience', `audience: ${text(now)} instead of ${text(old)}`)];
}

/** Whether `outer` accepts every audience that `inner` accepts. */
function acceptsAudiencesOf(outer: Issuer, inner: Issuer): boolean {
  const { audience: accepted } = outer;
  if (accepted === undefined) return true;
  if (inner.audience === undefined || !isSameClaim(outer.audienceClaim, inner.audienceClaim)) return false;
  return inner.audience.every((each) => accepted.includes(each));
}

/** Compares lists of accepted values whose order has no meaning. */
function compareSet(kind: string, old: readonly string[], now: readonly string[]): readonly Finding[] {
  const added = now.filter((each) => !old.includes(each));
  const removed = old.filter((each) => !now.includes(each));
  return [
    ...(added.length > 0 ? [widened(true, kind, `${kind}: ${listText(added)} added`)] : []),
    ...(removed.length > 0 ? [widened(false, kind, `${kind}: ${listText(removed)} removed`)] : []),
  ];
}

function typesOf({ tokenTypes }: Issuer): readonly string[] {
  return [...tokenTypes].map((type) => type ?? 'absent');
}

/**
 * The first app claim that a token has names its app, so one more at the end accepts more tokens, and any other change
 * counts other callers together. Scopes are of all claims, so more claims grant more.
 */
function compareClaims(old: Issuer, now: Issuer): readonly Finding[] {
  const texts = (paths: readonly (readonly string[])[]) => paths.map((path) => path.join('.'));
  const findings: Finding[] = [];
  const isPrefix = now.claims.app.every((path, index) => isSameClaim(path, old.claims.app[index] ?? []));
  if (!isPrefix || now.claims.app.length !== old.claims.app.length) {
    const text = `claims.app: ${listText(texts(now.claims.app))} instead of ${listText(texts(old.claims.app))}`;
    findings.push(widened(!isPrefix, 'claims', text));
  }
  const isWithin = (inner: typeof old.claims.scope, outer: typeof old.claims.scope) =>
    inner.every((path) => outer.some((each) => isSameClaim(path, each)));
  const isNarrower = isWithin(now.claims.scope, old.claims.scope);
  if (!isNarrower || !isWithin(old.claims.scope, now.claims.scope)) {
    const text = `claims.scope: ${listText(texts(now.claims.scope))} instead of ${listText(texts(old.claims.scope))}`;
    findings.push(widened(!isNarrower, 'claims', text));
  }
  return findings;
}

function compareRequire(old: Issuer, now: Issuer): readonly Finding[] {
  return [
    ...conditionsBeyond({ require: old.require }, { require: now.require }).map((condition) =>
      widened(true, 'condition', lostConditionText(condition, old.require, now.require)),
    ),
    ...conditionsBeyond({ require: now.require }, { require: old.require }).map((condition) =>
      widened(false, 'condition', `require: "${conditionText(condition)}" is needed`),
    ),
  ];
}

function compareExpiry(old: Issuer, now: Issuer): readonly Finding[] {
  const findings: Finding[] = [];
  if (old.requireExp !== now.requireExp) {
    const text = now.requireExp ? 'tokens without exp are refused' : 'tokens that never expire are accepted';
    findings.push(widened(!now.requireExp, 'require_exp', text));
  }
  if (old.clockSkewMs !== now.clockSkewMs) {
    const text = `clock_skew: ${durationText(now.clockSkewMs)} instead of ${durationText(old.clockSkewMs)}`;
    findings.push(widened(now.clockSkewMs > old.clockSkewMs, 'clock_skew', text));
  }
  return findings;
}

function compareGrants(old: Issuer, now: Issuer): readonly Finding[] {
  const isNarrower = grantsWithin(now.grants, old.grants);
  if (isNarrower && grantsWithin(old.grants, now.grants)) return [];
  return [
    widened(!isNarrower, 'grants', `grants: ${listText(now.grants)} instead of ${listText(old.grants)}`),
  ];
}

function compareForwarding(old: Issuer, now: Issuer): readonly Finding[] {
  if (old.forwardToken === now.forwardToken) return [];
  const text = `upstreams ${now.forwardToken ? 'get' : 'no longer get'} its tokens from header fields and cookies`;
  return [{ effect: 'changed', kind: 'forward_token', text }];
}
