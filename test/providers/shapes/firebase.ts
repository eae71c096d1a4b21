/** Firebase Authentication: "Verify ID tokens using a third-party JWT library". */
import { NOW, type Provider } from '../provider.js';

const user = {
  name: 'Jane Doe',
  aud: 'acme-prod',
  auth_time: NOW - 60,
  user_id: 'EXbX0pGkoGNLVdHFQS1EoQZ6Qs42',
  sub: 'EXbX0pGkoGNLVdHFQS1EoQZ6Qs42',
  email: 'jane@example.com',
  email_verified: true,
};

const signedIn = (provider: string) => ({
  identities: { email: ['jane@example.com'] },
  sign_in_provider: provider,
});

export const firebase: Provider = {
  name: 'firebase',
  values: { PROJECT: 'acme-prod' },
  documents: ({ origin, issuer, key }) => ({
    '/acme-prod/.well-known/openid-configuration': {
      issuer,
      jwks_uri: `${origin}/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com`,
      response_types_supported: ['id_token'],
      id_token_signing_alg_values_supported: ['RS256'],
    },
    '/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com': {
      keys: [{ ...key.jwk, use: 'sig', alg: 'RS256' }],
    },
  }),
  usual: { ...user, roles: ['orders'], firebase: signedIn('google.com') },
  app: user.sub,
  scope: 'orders',
  otherAudience: { aud: 'another-project' },
  otherKinds: {
    'a session cookie': {
      claims: {
        ...user,
        iss: 'https://session.firebase.google.com/acme-prod',
        roles: ['orders'],
        firebase: signedIn('password'),
      },
    },
    'a custom token': {
      claims: {
        iss: 'firebase-adminsdk@acme-prod.iam.gserviceaccount.com',
        sub: 'firebase-adminsdk@acme-prod.iam.gserviceaccount.com',
        aud: 'https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit',
        uid: user.sub,
      },
    },
  },
  withoutScope: { roles: undefined },
  notRequired: { 'an anonymous user': { firebase: signedIn('anonymous') } },
};
