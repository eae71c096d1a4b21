/** Zitadel: its references of scopes and of claims, and the claims that its library for OpenID Connect makes. */
import { NOW, type Provider } from '../provider.js';

const PROJECT = '165836523012980737';
const CLIENT = '257788926523392001';
const rolesOf = (project: string) => `urn:zitadel:iam:org:project:${project}:roles`;
const roles = { orders: { '167000000000000001': 'acme.example.com' } };

const access = {
  aud: [CLIENT, PROJECT],
  client_id: CLIENT,
  jti: 'V2_257789000000000001-at_257789000000000002',
  nbf: NOW,
  sub: '163840776835432345',
};

export const zitadel: Provider = {
  name: 'zitadel',
  values: { INSTANCE: 'acme-x1y2z3.us1', PROJECT },
  documents: ({ origin, issuer, key }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/oauth/v2/authorize`,
      token_endpoint: `${origin}/oauth/v2/token`,
      jwks_uri: `${origin}/oauth/v2/keys`,
    },
    '/oauth/v2/keys': { keys: [{ ...key.jwk, use: 'sig', alg: 'RS256' }] },
  }),
  usual: { ...access, [rolesOf(PROJECT)]: roles },
  app: CLIENT,
  scope: 'orders',
  otherAudience: { aud: ['another-client', '165836523012980999'] },
  otherKinds: {
    'an ID token': {
      claims: {
        aud: [CLIENT, PROJECT],
        azp: CLIENT,
        client_id: CLIENT,
        sub: access.sub,
        amr: ['pwd'],
        auth_time: NOW - 60,
        at_hash: 'QZ4jK0Nn2r1nWcWcSN5TUQ',
        sid: 'V1_257789000000000003',
        [rolesOf(PROJECT)]: roles,
      },
    },
  },
  withoutScope: { [rolesOf(PROJECT)]: undefined, 'urn:zitadel:iam:org:project:roles': roles },
  alsoUsual: {
    'a service account of an older version': {
      claims: { ...access, client_id: undefined, sub: 'worker', [rolesOf(PROJECT)]: roles },
      app: 'worker',
    },
  },
};
