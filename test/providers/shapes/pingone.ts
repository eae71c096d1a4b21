/** PingOne: "Token claims" of its platform's reference. */
import { NOW, type Provider } from '../provider.js';

const ENVIRONMENT = 'abfba8f6-49eb-49f5-a5d9-80ad5c98f9f6';
const CLIENT = '3ef5f0f4-3b3e-4d3e-8c5d-1b5b3bbf0f11';

const access = {
  client_id: CLIENT,
  jti: '8b2f1c0a-4c55-4f58-9d4b-50f0c7c0d111',
  aud: ['https://api.example.com'],
  scope: 'orders:read',
  sub: '6a1b3c4d-0001-4c5b-b112-36a304b66dad',
  sid: 'c4e4b7f0-2222-4c5b-b112-36a304b66dad',
  auth_time: NOW,
  acr: 'Single_Factor',
  env: ENVIRONMENT,
  org: 'bd6a6e1b-3333-4c5b-b112-36a304b66dad',
};

export const pingone: Provider = {
  name: 'pingone',
  values: { ENVIRONMENT },
  documents: ({ origin, issuer, key }) => ({
    [`/${ENVIRONMENT}/as/.well-known/openid-configuration`]: {
      issuer,
      authorization_endpoint: `${origin}/${ENVIRONMENT}/as/authorize`,
      token_endpoint: `${origin}/${ENVIRONMENT}/as/token`,
      jwks_uri: `${origin}/${ENVIRONMENT}/as/jwks`,
    },
    [`/${ENVIRONMENT}/as/jwks`]: { keys: [{ ...key.jwk, use: 'sig', x5t: 'TEST', x5c: ['MIIDTEST'] }] },
  }),
  header: (kid) => ({ kid }),
  usual: access,
  app: CLIENT,
  scope: 'orders:read',
  otherAudience: { aud: ['https://api.pingone.com'], scope: 'openid' },
  otherKinds: {
    'an ID token': {
      claims: {
        aud: CLIENT,
        sub: access.sub,
        sid: access.sid,
        nonce: 'n1',
        acr: 'Single_Factor',
        env: ENVIRONMENT,
      },
    },
  },
  withoutScope: { scope: 'orders:write' },
  alsoUsual: {
    'the typ at+jwt': { header: { typ: 'at+jwt' }, claims: access, app: CLIENT },
    'client credentials': {
      claims: {
        client_id: CLIENT,
        aud: ['https://api.example.com'],
        scope: 'orders:read',
        env: ENVIRONMENT,
        sub: CLIENT,
      },
      app: CLIENT,
    },
  },
};
