/** Azure AD B2C: its overview of tokens, and the metadata of a user flow. */
import { NOW, type Provider } from '../provider.js';

const TENANT_ID = '775527ff-9a37-4307-8b3d-cc311f58d925';
const API = '90c0fe63-bcf2-44d5-8fb7-b8bbc0b29dc6';
const POLICY = 'B2C_1_signin';
const folder = `/acme.onmicrosoft.com/${POLICY}`;

const user = {
  nbf: NOW,
  ver: '1.0',
  sub: '884408e1-2918-4cz0-b12d-3aa027d7563b',
  oid: '884408e1-2918-4cz0-b12d-3aa027d7563b',
  auth_time: NOW - 5,
  tfp: POLICY,
};

export const b2c: Provider = {
  name: 'b2c',
  values: { TENANT: 'acme', TENANT_ID, API, POLICY },
  documents: ({ origin, issuer, key }) => ({
    [`${folder}/v2.0/.well-known/openid-configuration`]: {
      issuer,
      authorization_endpoint: `${origin}${folder}/oauth2/v2.0/authorize`,
      token_endpoint: `${origin}${folder}/oauth2/v2.0/token`,
      jwks_uri: `${origin}${folder}/discovery/v2.0/keys`,
    },
    [`${folder}/discovery/v2.0/keys`]: {
      keys: [{ kid: key.kid, nbf: 1493763266, use: 'sig', kty: 'RSA', e: key.jwk.e, n: key.jwk.n }],
    },
  }),
  usual: { ...user, aud: API, azp: 'web', scp: 'orders.read orders.write' },
  app: 'web',
  scope: 'orders.read',
  otherAudience: { aud: 'another-api' },
  otherKinds: {
    'an ID token': { claims: { ...user, aud: 'web', nonce: '12345', at_hash: '77QmUPtjPfzWtF2AnpK9RQ' } },
    'an ID token of a client that is the API': { claims: { ...user, aud: API, nonce: '12345' } },
  },
  withoutScope: { scp: 'orders.write' },
  notRequired: { 'a token of another policy': { tfp: 'B2C_1_signup' } },
};
