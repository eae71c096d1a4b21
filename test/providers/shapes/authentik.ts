/** Authentik: the claims that its OAuth2 provider makes; an access token has `azp` and `uid` besides those of an ID token. */
import { NOW, type Provider } from '../provider.js';

const CLIENT = 'Pp0GCgMnRjKPGkEbyTVnNKSDVDKu7jRkUaDqB5fQ';

const idToken = {
  sub: 'f0e4c2f76c58916ec258f246851bea091d14d4247a2fc3e18694461b1816e13b',
  aud: CLIENT,
  auth_time: NOW,
  acr: 'goauthentik.io/providers/oauth2/default',
  amr: ['pwd'],
  sid: '8a37a2b51f5bd',
  name: 'Jane Doe',
  preferred_username: 'jane',
  groups: ['orders', 'authentik Admins'],
};

export const authentik: Provider = {
  name: 'authentik',
  values: { SLUG: 'orders', CLIENT },
  documents: ({ origin, issuer, key }) => ({
    '/application/o/orders/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/application/o/authorize/`,
      token_endpoint: `${origin}/application/o/token/`,
      jwks_uri: `${origin}/application/o/orders/jwks/`,
    },
    '/application/o/orders/jwks/': {
      keys: [
        { ...key.jwk, use: 'sig', alg: 'RS256', x5c: ['MIIFUzCCAzugTEST'], x5t: 'TEST', 'x5t#S256': 'TEST' },
      ],
    },
  }),
  usual: { ...idToken, azp: CLIENT, uid: 'q1KFcKgqYv0Xa9Hj' },
  app: CLIENT,
  scope: 'orders',
  otherAudience: { aud: 'another-client', azp: 'another-client' },
  otherKinds: { 'an ID token': { claims: { ...idToken, nonce: 'n1', at_hash: 'Wq5c' } } },
  withoutScope: { groups: ['authentik Admins'] },
};
