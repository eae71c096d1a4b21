/** Amazon Cognito: the developer guide on access tokens and on ID tokens. */
import { NOW, type Provider } from '../provider.js';

const POOL = 'eu-central-1_Example';
const CLIENT = '1example23456789';

const user = {
  sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  'cognito:groups': ['customers'],
  origin_jti: 'aaaaaaaa-1111-2222-3333-aaaaaaaaaaaa',
  event_id: '64f513be-32db-42b0-b78e-b02127b4f463',
  auth_time: NOW,
  jti: 'bbbbbbbb-1111-2222-3333-bbbbbbbbbbbb',
};

export const cognito: Provider = {
  name: 'cognito',
  values: { REGION: 'eu-central-1', POOL, CLIENT },
  documents: ({ origin, issuer, key }) => ({
    [`/${POOL}/.well-known/openid-configuration`]: {
      issuer,
      jwks_uri: `${origin}/${POOL}/.well-known/jwks.json`,
      id_token_signing_alg_values_supported: ['RS256'],
    },
    [`/${POOL}/.well-known/jwks.json`]: {
      keys: [{ ...key.jwk, alg: 'RS256', use: 'sig' }],
    },
  }),
  header: (kid) => ({ kid }),
  usual: {
    ...user,
    version: 2,
    client_id: CLIENT,
    token_use: 'access',
    scope: 'openid profile orders/read',
    username: 'jane',
  },
  app: CLIENT,
  scope: 'orders/read',
  otherAudience: { client_id: '9example87654321' },
  otherKinds: {
    'an ID token': {
      claims: {
        ...user,
        aud: CLIENT,
        token_use: 'id',
        'cognito:username': 'jane',
        email: 'jane@example.com',
        email_verified: true,
        at_hash: 'aaaa',
      },
    },
  },
  withoutScope: { scope: 'aws.cognito.signin.user.admin' },
  alsoUsual: {
    'client credentials': {
      claims: {
        sub: CLIENT,
        version: 2,
        client_id: CLIENT,
        token_use: 'access',
        scope: 'orders/read',
        jti: 'c',
      },
      app: CLIENT,
    },
    'a token bound to a resource': {
      claims: {
        ...user,
        aud: 'https://api.example.com',
        client_id: CLIENT,
        token_use: 'access',
        scope: 'orders/read',
      },
      app: CLIENT,
    },
  },
  notRequired: { 'a token of another use': { token_use: 'id' } },
};
