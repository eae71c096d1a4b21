/** Services that sign their own tokens: with a shared secret, and with one key. */
import { createPublicKey } from 'node:crypto';
import type { Provider } from '../provider.js';

const SECRET = 'c2VjcmV0IG9mIHRoZSB0ZXN0cywgbG9uZyBlbm91Z2g=';
const usual = { aud: 'api', sub: 'worker', scope: 'orders:read' };

export const inHouse: Provider = {
  name: 'in-house',
  values: {},
  inPlace: () => ({ secret: SECRET }),
  secret: SECRET,
  header: () => ({ typ: 'JWT' }),
  usual,
  app: 'worker',
  scope: 'orders:read',
  otherAudience: { aud: 'another-api' },
  otherKinds: { 'a token of another service': { claims: { ...usual, iss: 'elsewhere' } } },
  withoutScope: { scope: 'stamps:read' },
};

export const partner: Provider = {
  name: 'partner',
  values: {},
  inPlace: ({ privateKey }) => ({
    public_key: createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  }),
  alg: 'EdDSA',
  header: () => ({ typ: 'JWT' }),
  usual,
  app: 'worker',
  scope: 'orders:read',
  otherAudience: { aud: 'another-api' },
  otherKinds: { 'a token that never expires': { claims: { ...usual, exp: undefined } } },
  withoutScope: { scope: 'stamps:read' },
};
