/** SPIFFE: the JWT-SVID standard, and the keys as SPIRE publishes them. */
import type { Provider } from '../provider.js';

const WORKER = 'spiffe://example.org/shop/worker';
const usual = { aud: ['orders'], sub: WORKER };

export const spire: Provider = {
  name: 'spire',
  values: {},
  alg: 'ES256',
  documents: ({ origin, issuer, key: { jwk, kid } }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      jwks_uri: `${origin}/keys`,
      authorization_endpoint: '',
      response_types_supported: ['id_token'],
      subject_types_supported: [],
      id_token_signing_alg_values_supported: ['RS256', 'ES256', 'ES384'],
    },
    '/keys': { keys: [{ kty: 'EC', kid, crv: jwk.crv, alg: 'ES256', x: jwk.x, y: jwk.y }] },
  }),
  usual,
  app: WORKER,
  scope: WORKER,
  otherAudience: { aud: ['stamps'] },
  otherKinds: {},
  withoutScope: { sub: 'spiffe://example.org/shop/web' },
};

export const spiffe: Provider = {
  name: 'spiffe',
  values: {},
  alg: 'ES256',
  documents: ({ key: { jwk, kid } }) => ({
    '/': {
      keys: [
        { use: 'x509-svid', kty: 'EC', crv: jwk.crv, x: jwk.x, y: jwk.y, x5c: ['MIIBzDCCAVOgTEST'] },
        { use: 'jwt-svid', kty: 'EC', kid, crv: jwk.crv, x: jwk.x, y: jwk.y },
      ],
      spiffe_sequence: 12,
      spiffe_refresh_hint: 300,
    },
  }),
  header: (kid) => ({ typ: 'JOSE', kid }),
  usual,
  app: WORKER,
  scope: WORKER,
  otherAudience: { aud: ['stamps'] },
  otherKinds: {
    'a token of an issuer with a name': { claims: { ...usual, iss: 'https://oidc.example.org' } },
  },
  withoutScope: { sub: 'spiffe://example.org/shop/web' },
};
