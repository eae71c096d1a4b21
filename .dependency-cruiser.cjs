/**
 * The import rules of ARCHITECTURE.md.
 * The steps of a request each import the model, `src/shared/` and themselves, nothing else of ours.
 */
const steps = 'read|match|authenticate|authorize|limit|forward';
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
      name: 'steps-import-the-model-and-themselves',
      severity: 'error',
      from: { path: `^src/(${steps})/` },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/shared/', '^src/$1/'] },
    },
    {
      name: 'steps-do-not-import-express',
      severity: 'error',
      from: { path: `^src/(${steps}|gateway)` },
      to: { path: '^node_modules/(express|@types/express[^/]*)/' },
    },
    {
      name: 'only-the-entry-module-is-imported-from-outside',
      comment: 'app/ also chooses stores and key sources',
      severity: 'error',
      from: { path: '^src/([^/]+)', pathNot: '^src/app/' },
      to: {
        path: `^src/(${steps}|server|config|diff|import)/`,
        pathNot: [`^src/(${steps}|server|config|diff|import)/\\1\\.ts$`, '^src/$1/'],
      },
    },
    {
      name: 'config-imports-the-model-only',
      severity: 'error',
      from: { path: own('config') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/config/'] },
    },
    {
      name: 'the-token-service-imports-the-model-and-shared-helpers',
      comment: 'to the gateway it is one more issuer with a JWKS',
      severity: 'error',
      from: { path: own('tokens') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/shared/', '^src/tokens/'] },
    },
    {
      name: 'revocation-imports-the-model-and-shared-helpers',
      severity: 'error',
      from: { path: own('revocation') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/shared/', '^src/revocation/'] },
    },
    {
      name: 'only-app-imports-explain',
      severity: 'error',
      from: { pathNot: [own('explain'), own('app')] },
      to: { path: own('explain') },
    },
    {
      name: 'importing-imports-the-model-and-shared-helpers',
      comment: 'a pure function of the bytes of a document',
      severity: 'error',
      from: { path: own('import') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/shared/', '^src/import/'] },
    },
    {
      name: 'nothing-imports-the-commands',
      severity: 'error',
      from: { pathNot: own('cli') },
      to: { path: own('cli') },
    },
    {
      name: 'only-the-commands-import-the-testing-module',
      severity: 'error',
      from: { pathNot: [own('cli'), own('testing')] },
      to: { path: own('testing') },
    },
    {
      name: 'the-testing-module-imports-the-model-and-config-only',
      severity: 'error',
      from: { path: own('testing') },
      to: { path: '^src/', pathNot: ['^src/model/', '^src/config/config\\.ts$', own('testing')] },
    },
    {
      name: 'the-page-imports-types-only',
      comment: 'it talks HTTP with the server part',
      severity: 'error',
      from: { path: '^src/console/page/' },
      to: { path: '^src/', pathNot: '^src/console/page/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-imports-the-page',
      severity: 'error',
      from: { pathNot: '^src/console/page/' },
      to: { path: '^src/console/page/' },
    },
    {
      name: 'nothing-outside-tests-imports-a-dev-dependency',
      comment: 'the page is bundled, so its libraries are not installed with the package',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/console/page/' },
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
