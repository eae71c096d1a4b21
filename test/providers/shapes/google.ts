/** Google: OpenID Connect of Google Accounts, and the signed header of Identity-Aware Proxy. */
import { NOW, type Provider } from '../provider.js';

const worker = {
  aud: 'https://api.example.com',
  azp: '107517467455664443766',
  email: 'worker@acme.iam.gserviceaccount.com',
  email_verified: true,
  sub: '107517467455664443766',
};

export const google: Provider = {
  name: 'google',
  values: {},
  documents: ({ origin, issuer, key }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/oauth2/v3/certs`,
    },
    '/oauth2/v3/certs': { keys: [{ ...key.jwk, use: 'sig', alg: 'RS256' }] },
  }),
  usual: worker,
  app: worker.sub,
  scope: worker.email,
  otherAudience: { aud: 'https://other.example.com' },
  otherKinds: {
    'the ID token of a user who signed in elsewhere': {
      claims: {
        azp: '1234987819200.apps.googleusercontent.com',
        aud: '1234987819200.apps.googleusercontent.com',
        sub: '10769150350006150715113082367',
        hd: 'example.com',
        email: 'jane@example.com',
        email_verified: true,
        at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q',
        nonce: '0394852-3190485-2490358',
      },
    },
  },
  withoutScope: { email: 'other@acme.iam.gserviceaccount.com' },
  notRequired: {
    'a token without an e-mail address': { email: undefined, email_verified: undefined },
    'a token with an e-mail address that nobody verified': { email_verified: false },
  },
};

const AUDIENCE = '/projects/123456789/global/backendServices/987654321';

export const iap: Provider = {
  name: 'iap',
  values: { NUMBER: '123456789', SERVICE: '987654321' },
  alg: 'ES256',
  documents: ({ key }) => ({
    '/iap/verify/public_key-jwk': { keys: [{ ...key.jwk, alg: 'ES256', use: 'sig' }] },
  }),
  send: (token) => ({ 'X-Goog-IAP-JWT-Assertion': token }),
  usual: {
    aud: AUDIENCE,
    exp: NOW + 600,
    azp: AUDIENCE,
    sub: 'accounts.google.com:115487592059485739586',
    email: 'jane@example.com',
    hd: 'example.com',
    identity_source: 'GOOGLE',
    google: { access_levels: ['accessPolicies/1/accessLevels/office'] },
  },
  app: 'accounts.google.com:115487592059485739586',
  scope: 'jane@example.com',
  otherAudience: { aud: '/projects/123456789/global/backendServices/111' },
  otherKinds: {
    "a user's ID token": {
      claims: { iss: 'https://accounts.google.com', aud: AUDIENCE, sub: '1', email: 'jane@example.com' },
    },
  },
  withoutScope: { email: 'john@example.com' },
};
