/** Compiles the issuers. */
import { AUDIENCE_CLAIM } from '../../model/claim.js';
import type { Issuer, KeySource } from '../../model/issuer.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';

type RawIssuer = Validated['issuers'][string];

/** Compiles issuers into those of the model, in the order of the file. */
export function compileIssuers(issuers: Validated['issuers'], files: Files): readonly Issuer[] {
  return Object.entries(issuers).map(([name, each]) => ({
    name,
    iss: each.issuer === false ? undefined : each.issuer,
    keys: keySource(each, files),
    audience: each.audience === false ? undefined : each.audience.any,
    audienceClaim: each.audience === false ? AUDIENCE_CLAIM : each.audience.claim,
    algorithms: each.algorithms,
    tokenFrom: each.token_from,
    forwardToken: each.forward_token,
    tokenTypes: each.token_types,
    claims: each.claims,
    require: each.require,
    requireExp: each.require_exp,
    clockSkewMs: each.clock_skew,
    // The checks allow only a sole issuer without grants.
    grants: each.grants ?? ['*'],
  }));
}

function keySource({ issuer, jwks, secret, public_key: key }: RawIssuer, files: Files): KeySource {
  if (secret !== undefined) return { kind: 'secret', secret };
  if (key && 'pem' in key) return { kind: 'public_key', pem: key.pem };
  if (key) return { kind: 'public_key_file', path: files.path(key.file) };
  if (jwks === undefined) return { kind: 'discovery', issuer: String(issuer) };
  if ('url' in jwks) return { kind: 'url', url: jwks.url };
  if ('file' in jwks) return { kind: 'file', path: files.path(jwks.file) };
  return { kind: 'inline', jwks: jwks.inline };
}
