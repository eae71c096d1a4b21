/** Supabase: "JWT Claims Reference" of its documentation. */
import { NOW, type Provider } from '../provider.js';

const REFERENCE = 'abcdefghijklmnopqrst';
const folder = '/auth/v1/.well-known';

const usual = {
  aud: 'authenticated',
  sub: '123e4567-e89b-12d3-a456-426614174000',
  email: 'jane@example.com',
  phone: '',
  app_metadata: { provider: 'email', providers: ['email'], roles: ['orders'] },
  user_metadata: { name: 'Jane' },
  role: 'authenticated',
  aal: 'aal1',
  amr: [{ method: 'password', timestamp: NOW }],
  session_id: '0f0b1c2d-3e4f-5a6b-7c8d-9e0f1a2b3c4d',
  is_anonymous: false,
};

export const supabase: Provider = {
  name: 'supabase',
  values: { PROJECT: REFERENCE },
  alg: 'ES256',
  documents: ({ key }) => ({
    [`${folder}/jwks.json`]: {
      keys: [{ ...key.jwk, use: 'sig', alg: 'ES256', key_ops: ['verify'], ext: true }],
    },
  }),
  usual,
  app: usual.sub,
  scope: 'orders',
  otherAudience: { aud: 'anon', role: 'anon' },
  otherKinds: {
    'the key service_role': {
      header: { kid: undefined },
      secret: 'the-jwt-secret-of-the-project-before-its-signing-keys',
      claims: { iss: 'supabase', ref: REFERENCE, role: 'service_role' },
    },
  },
  withoutScope: {
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: { roles: ['orders'] },
  },
  notRequired: { 'an anonymous user': { is_anonymous: true } },
};
