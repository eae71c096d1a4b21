/** Salesforce: "JWT-Based Access Tokens" of its help. */
import { NOW, type Provider } from '../provider.js';

const KEY = '3MVG9HxRZv05HarT';
const ORG = 'https://acme.my.salesforce.com';

export const salesforce: Provider = {
  name: 'salesforce',
  values: { DOMAIN: 'acme', CONSUMER_KEY: KEY },
  documents: ({ origin, issuer, key }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/services/oauth2/authorize`,
      token_endpoint: `${origin}/services/oauth2/token`,
      jwks_uri: `${origin}/id/keys`,
    },
    '/id/keys': { keys: [{ ...key.jwk, alg: 'RS256', use: 'sig' }] },
  }),
  header: (kid) => ({
    tnk: 'core/prod/00DLT000000CcVV2A0',
    ver: '1.0',
    kid,
    tty: 'sfdc-core-token',
    typ: 'JWT',
  }),
  usual: {
    scp: 'refresh_token web api',
    aud: [ORG],
    sub: 'uid:005R00000001234IAA',
    nbf: NOW,
    mty: 'oauth',
    sfi: '1f2b3c4d',
    roles: [],
    client_id: KEY,
  },
  app: KEY,
  scope: 'api',
  otherAudience: { client_id: 'PlatformCLI' },
  otherKinds: {
    'an ID token': {
      claims: {
        at_hash: 'C3dK2kR0',
        sub: 'https://login.salesforce.com/id/00DLT000000CcVV2A0/005R00000001234IAA',
        aud: KEY,
        nonce: 'n1',
      },
    },
  },
  withoutScope: { scp: 'refresh_token' },
};
