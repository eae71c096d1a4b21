/** Compiles the issuers. */
import { AUDIENCE_CLAIM } from '../../model/claim.js';
import type { Issuer, KeyRequest, KeySource } from '../../model/issuer.js';
import type { Files } from '../files.js';
import type { Validated } from '../schema/schema.js';
import { textOf } from './text.js';

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

function keySource(raw: RawIssuer, files: Files): KeySource {
  const { issuer, jwks, secret, public_key: key, discovery } = raw;
  if (secret !== undefined) return { kind: 'secret', secret };
  if (key && 'pem' in key) return { kind: 'public_key', pem: key.pem };
  if (key) return { kind: 'public_key_file', path: files.path(key.file) };
  const request = compileRequest(raw, files);
  if (jwks === undefined) {
    return {
      kind: 'discovery',
      issuer: String(issuer),
      ...(discovery !== undefined && { url: discovery }),
      ...(request && { request }),
    };
  }
  if ('url' in jwks) return { kind: 'url', url: jwks.url, ...(request && { request }) };
  if ('file' in jwks) return { kind: 'file', path: files.path(jwks.file) };
  return { kind: 'inline', jwks: jwks.inline };
}

/** How keys are requested; undefined where the file says nothing about it. */
function compileRequest(
  { tls, headers, insecure_http: insecureHttp }: RawIssuer,
  files: Files,
): KeyRequest | undefined {
  if (!tls && !headers && !insecureHttp) return undefined;
  const text = (file: string | undefined) => (file === undefined ? undefined : textOf(file, files));
  return {
    tls: tls && {
      ca: text(tls.ca),
      cert: text(tls.cert),
      key: text(tls.key),
      serverName: tls.server_name,
    },
    headers: Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const),
    insecureHttp,
  };
}
