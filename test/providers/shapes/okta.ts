/** Okta: the reference of OpenID Connect and OAuth 2.0, for a custom authorization server. */
import { NOW, type Provider } from '../provider.js';

export const okta: Provider = {
  name: 'okta',
  values: { ORG: 'acme' },
  documents: ({ origin, issuer, key }) => ({
    '/oauth2/default/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/oauth2/default/v1/authorize`,
      token_endpoint: `${origin}/oauth2/default/v1/token`,
      jwks_uri: `${origin}/oauth2/default/v1/keys`,
    },
    '/oauth2/default/v1/keys': { keys: [{ ...key.jwk, alg: 'RS256', use: 'sig' }] },
  }),
  header: (kid) => ({ kid }),
  usual: {
    ver: 1,
    jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE',
    aud: 'api://default',
    cid: '0oacqf8qaJw56czJi0h7',
    uid: '00ujmkLgagxeRrAg20g4',
    scp: ['openid', 'orders:read'],
    auth_time: NOW,
    sub: 'jane@example.com',
  },
  app: '0oacqf8qaJw56czJi0h7',
  scope: 'orders:read',
  otherAudience: { aud: 'https://other.example.com' },
  otherKinds: {
    'an ID token': {
      claims: {
        ver: 1,
        sub: '00ujmkLgagxeRrAg20g4',
        aud: '0oacqf8qaJw56czJi0h7',
        jti: 'ID.4eAWJOCMB3SX8XewDfVR',
        amr: ['pwd'],
        idp: '00ok1u7AsAkrwdZL3z0g3',
        nonce: 'nonce',
        auth_time: NOW,
        at_hash: 'cpqKfdQA5eH891Ff5oJr_Q',
        name: 'Jane Doe',
      },
    },
    'a token that is for Okta alone': {
      header: { typ: 'application/okta-internal-at+jwt' },
      claims: { ver: 1, aud: 'api://default', cid: 'web', scp: ['orders:read'], sub: 'jane@example.com' },
    },
  },
  withoutScope: { scp: ['openid', 'profile'] },
};
