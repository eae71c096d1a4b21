/** GitHub Actions: "OpenID Connect reference" of its documentation. */
import { NOW, type Provider } from '../provider.js';

const deploy = 'octo-org/octo-repo/.github/workflows/deploy.yml';

const job = {
  jti: 'example-id',
  sub: 'repo:octo-org/octo-repo:environment:prod',
  environment: 'prod',
  aud: 'https://api.example.com',
  ref: 'refs/heads/main',
  sha: 'example-sha',
  repository: 'octo-org/octo-repo',
  repository_owner: 'octo-org',
  actor_id: '12',
  repository_visibility: 'private',
  repository_id: '74',
  repository_owner_id: '65',
  run_id: 'example-run-id',
  run_number: '10',
  run_attempt: '2',
  runner_environment: 'github-hosted',
  actor: 'octocat',
  workflow: 'example-workflow',
  head_ref: '',
  base_ref: '',
  event_name: 'workflow_dispatch',
  ref_type: 'branch',
  job_workflow_ref: `${deploy}@refs/heads/main`,
  nbf: NOW - 300,
};

export const githubActions: Provider = {
  name: 'github',
  values: { OWNER_ID: '65' },
  documents: ({ origin, issuer, key }) => ({
    '/.well-known/openid-configuration': {
      issuer,
      jwks_uri: `${origin}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      id_token_signing_alg_values_supported: ['RS256'],
    },
    '/.well-known/jwks': {
      keys: [{ ...key.jwk, use: 'sig', alg: 'RS256', x5c: ['MIIDrDCCTEST'], x5t: 'TEST' }],
    },
  }),
  header: (kid) => ({ typ: 'JWT', x5t: 'example-thumbprint', kid }),
  usual: job,
  app: 'octo-org/octo-repo',
  scope: `${deploy}@refs/heads/main`,
  otherAudience: { aud: 'https://github.com/octo-org' },
  otherKinds: {},
  withoutScope: { job_workflow_ref: `${deploy}@refs/heads/test`, ref: 'refs/heads/test' },
  notRequired: {
    'the workflow of another owner': { repository_owner_id: '66', repository_owner: 'mallory' },
    'another owner under the same name': { repository_owner_id: '67' },
  },
};
