import { expect, it } from 'vitest';
import { AUDIENCE_CLAIM, type ClaimCondition } from '../../src/model/claim.js';
import { defaultClaims } from '../../src/model/default-claims.js';

function claimsWith(require: readonly Omit<ClaimCondition, 'name'>[]): Record<string, unknown> {
  return defaultClaims(
    {
      iss: undefined,
      audience: undefined,
      audienceClaim: AUDIENCE_CLAIM,
      claims: { app: [['sub']], scope: [['scope']] },
      require: require.map((each) => ({ ...each, name: 'a claim' })),
    },
    'app-1',
    ['orders:read'],
  );
}

it('claims of a test token satisfy the conditions of its issuer, beside the app and the scopes', () => {
  const found = claimsWith([
    { path: ['token_use'], test: 'is', values: ['access', 'id'] },
    { path: ['realm_access', 'roles'], test: 'has', values: ['user'] },
    { path: ['realm_access', 'roles'], test: 'has', values: ['beta'] },
    { path: ['scope'], test: 'has', values: ['base'] },
    { path: ['sub'], test: 'is', values: ['app-1'] },
  ]);
  expect(found).toEqual({
    sub: 'app-1',
    scope: ['orders:read', 'base'],
    token_use: 'access',
    realm_access: { roles: ['user', 'beta'] },
  });
});
