/** Kubernetes: bound service account tokens, and the keys of the API server. */
import { NOW, type Provider } from '../provider.js';

const claimsOf = (namespace: string, account: string) => ({
  sub: `system:serviceaccount:${namespace}:${account}`,
  'kubernetes.io': {
    namespace,
    node: { name: 'node-1', uid: '646e7c5e-32d6-4d42-9dbd-e504e6cbe6b1' },
    pod: { name: `${account}-7c9f`, uid: '5e0bd49b-f040-43b0-99b7-22765a53f7f3' },
    serviceaccount: { name: account, uid: '14ee3fa4-a7e2-420f-9f9a-dbc4507c3798' },
  },
});

const usual = {
  aud: ['https://api.example.com'],
  jti: 'ea28ed49-2e11-4280-9ec5-bc3d1d84661a',
  nbf: NOW,
  ...claimsOf('shop', 'worker'),
};

export const kubernetes: Provider = {
  name: 'kubernetes',
  values: {},
  documents: ({ key }) => ({
    '/openid/v1/jwks': {
      keys: [{ use: 'sig', kty: 'RSA', kid: key.kid, alg: 'RS256', n: key.jwk.n, e: key.jwk.e }],
    },
  }),
  header: (kid) => ({ kid }),
  usual,
  app: usual.sub,
  scope: 'system:serviceaccount:shop:worker',
  otherAudience: { aud: ['https://kubernetes.default.svc.cluster.local'] },
  otherKinds: {
    'a token of a Secret, which never expires and has no audience': {
      claims: {
        iss: 'kubernetes/serviceaccount',
        'kubernetes.io/serviceaccount/namespace': 'shop',
        'kubernetes.io/serviceaccount/service-account.name': 'worker',
        sub: usual.sub,
        exp: undefined,
      },
    },
  },
  withoutScope: claimsOf('test', 'worker'),
};
