import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // It takes its own time: `npm run soak`.
    exclude: [
      ...configDefaults.exclude,
      ...(process.env['TOLLGATE_SOAK_SECONDS'] === undefined ? ['test/soak/soak.test.ts'] : []),
    ],
    globalSetup: [
      'test/support/redis.global.ts',
      'test/support/postgres.global.ts',
      'test/support/build.global.ts',
      'test/support/keys.global.ts',
    ],
    setupFiles: ['test/support/properties.setup.ts'],
    testTimeout: 15_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // Most tests wait more than they work: for windows to pass, for timeouts, for processes to start.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
      // The way of a request: what is not tried there is a way past the gate.
      thresholds: { 'src/{read,match,authenticate,authorize,limit,forward}/**': { branches: 95 } },
    },
  },
});
