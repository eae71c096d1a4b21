/**
 * The import law of ARCHITECTURE.md: who may know whom.
 * Verbs are the stages of a request; each knows the model, `gather.ts` and itself, nothing else of ours.
 */
const verbs = 'read|match|authenticate|authorize|limit|forward';
const own = (folder) => `^src/${folder}/`;

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'model-imports-nothing-of-ours',
      severity: 'error',
      from: { path: own('model') },
      to: { path: '^src/', pathNot: own('model') },
    },
    {
      name: 'verbs-know-the-model-and-themselves',
      severity: 'error',
      from: { path: `^src/(${verbs})/` },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/(gather|replace-file)\\.ts$', '^src/$1/'] },
    },
    {
      name: 'verbs-do-not-know-express',
      severity: 'error',
      from: { path: `^src/(${verbs}|gateway)` },
      to: { path: '^node_modules/(express|@types/express[^/]*)/' },
    },
    {
      name: 'only-the-face-is-imported-from-outside',
      comment: 'assemble.ts and holdings.ts also choose stores and key sources',
      severity: 'error',
      from: { path: '^src/([^/]+)', pathNot: '^src/(assemble|holdings)\\.ts$' },
      to: {
        path: `^src/(${verbs}|listen|config)/`,
        pathNot: [`^src/(${verbs}|listen|config)/\\1\\.ts$`, '^src/$1/'],
      },
    },
    {
      name: 'config-knows-the-model-only',
      severity: 'error',
      from: { path: own('config') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/config/'] },
    },
    {
      name: 'the-token-service-knows-the-model-only',
      comment: 'to the gate it is one more issuer with a JWKS',
      severity: 'error',
      from: { path: own('tokens') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/tokens/'] },
    },
    {
      name: 'revocation-knows-the-model-only',
      severity: 'error',
      from: { path: own('revocation') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/replace-file\\.ts$', '^src/revocation/'] },
    },
    {
      name: 'nobody-imports-the-commands',
      severity: 'error',
      from: { pathNot: own('cli') },
      to: { path: own('cli') },
    },
    {
      name: 'nothing-outside-tests-imports-a-dev-dependency',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'types'],
    },
  },
};
