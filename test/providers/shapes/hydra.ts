/** Ory Hydra 2 with `strategies.access_token: jwt`. */
import { NOW, type Provider } from '../provider.js';

const access = {
  aud: ['https://api.example.com'],
  client_id: '38ecf88d-3b7d-4a3f-8ab2-1c3b4c0a4b71',
  ext: { tenant: 'acme' },
  jti: 'b3f1f0c4-3b57-4b4f-8a1e-8ab5c0a3d6f1',
  nbf: NOW,
  sub: 'jane',
};

export const hydra: Provider = {
  name: 'hydra',
  values: {},
  documents: ({ origin, issuer, key }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      authorization_endpoint: `${origin}/oauth2/auth`,
      token_endpoint: `${origin}/oauth2/token`,
      jwks_uri: `${origin}/.well-known/jwks.json`,
    },
    // The keys of hydra.openid.id-token are in the same set.
    '/.well-known/jwks.json': {
      keys: [
        { ...key.jwk, use: 'sig', alg: 'RS256' },
        { ...key.jwk, kid: 'id-token', use: 'sig', alg: 'RS256' },
      ],
    },
  }),
  usual: { ...access, scp: ['openid', 'orders:read'] },
  app: access.client_id,
  scope: 'orders:read',
  otherAudience: { aud: [] },
  otherKinds: {
    'an ID token': {
      header: { kid: 'id-token' },
      claims: {
        aud: [access.client_id],
        at_hash: 'dHdpVAAhxrGGKKr5N4TzKQ',
        auth_time: NOW,
        rat: NOW,
        sid: '6d5ac0a7',
        jti: 'd2b5',
        sub: 'jane',
      },
    },
  },
  withoutScope: { scp: ['openid'] },
  alsoUsual: {
    'the scope as a text': { claims: { ...access, scope: 'openid orders:read' }, app: access.client_id },
  },
};
