import { configDefaults, defineConfig } from 'vitest/config';

/**
 * Each of these files has a process to itself: what starts processes, replaces the clock, hears the warnings of its
 * process, or measures memory and delays. Nothing that another file has left behind may reach it.
 */
const ALONE = [
  'test/soak/**/*.test.ts',
  'test/e2e/{backpressure,clocks,crash,drain,ended-sessions,issuer-away,kill-switch,known-revocations}.test.ts',
  'test/e2e/{limit-status,log-storms,many-revocations,metrics,overload,walk,workers,workers-refusals}.test.ts',
  'test/e2e/{redis-away,redis-cluster,redis-keys,redis-sentinel,registry-away,replicas}.test.ts',
  'test/e2e/{shadow,shadow-page,shared-traffic,tracing-collector,tracing-processes}.test.ts',
  'test/testing/{many-keys,other-process}.test.ts',
  'test/app/{resource-pool,reloader,watch-files,limit-heap-growth,unhandled}.test.ts',
  'test/authenticate/{fetch-bytes,without-kid,key-source,jwks-file-cache,key-set}.test.ts',
  'test/forward/{response-writer,failure}.test.ts',
  'test/server/upgrade.test.ts',
  'test/redis/outage-log.test.ts',
  'test/revocation/{revocation,registry-source,stream-watcher}.test.ts',
  'test/security/request-target.test.ts',
  'test/tokens/{request,failed-attempts}.test.ts',
];

/** The work of these is done by other processes, or counts for no threshold. */
const PROCESSES = ['test/cli/**/*.test.ts', 'test/{docker,package}.test.ts', 'test/docs/*.test.ts'];

/** These measure delays: nothing else runs beside them, and they run one after the other when the others are done. */
const SERIAL = [
  'test/e2e/{client-gone,signing-load,redis-far}.test.ts',
  'test/match/decoded-forms.test.ts',
  'test/security/shared-connections.test.ts',
  'test/server/backlog.test.ts',
  'test/telemetry/loop-delay.test.ts',
];

/** These need Chromium and nginx, which only their project looks for. */
const BROWSER = ['test/console/browser/**/*.test.ts'];

/** These need Prometheus, which only their project looks for. */
const MONITORING = ['test/monitoring/**/*.test.ts'];

/** It takes its own time: `npm run soak`. */
const LONG = process.env['TOLLGATE_SOAK_SECONDS'] === undefined ? ['test/soak/soak.test.ts'] : [];

/** For the projects in which test/support/coverage.ts collects. */
const COVERED = { TOLLGATE_COVERAGE: 'true' };

export default defineConfig({
  test: {
    globalSetup: [
      'test/support/redis.global.ts',
      'test/support/postgres.global.ts',
      'test/support/build.global.ts',
      'test/support/keys.global.ts',
      'test/support/properties.global.ts',
    ],
    setupFiles: ['test/support/properties.setup.ts'],
    // Only what hangs takes so long: a shared machine may stand still for seconds.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Most tests wait more than they work: for windows to pass, for timeouts, for processes to start.
    maxWorkers: 4,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ALONE, ...PROCESSES, ...SERIAL, ...BROWSER, ...MONITORING],
          // To load the gate and its packages again for each file costs more than most files' tests.
          isolate: false,
          env: COVERED,
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          exclude: [...configDefaults.exclude, ...SERIAL, ...LONG],
          env: COVERED,
        },
      },
      { extends: true, test: { name: 'processes', include: PROCESSES, isolate: false } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER,
          // One browser serves all files of a worker.
          isolate: false,
          globalSetup: ['test/support/chromium.global.ts', 'test/support/nginx.global.ts'],
          maxWorkers: 2,
          // A test has several steps, each of which may wait (test/support/browser.ts).
          testTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'monitoring',
          include: MONITORING,
          globalSetup: ['test/support/prometheus.global.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'serial', include: SERIAL, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
    coverage: {
      provider: 'custom',
      customProviderModule: 'test/support/coverage.ts',
      include: ['src/{read,match,authenticate,authorize,limit,forward}/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
      // The way of a request: what is not tried there is a way past the gate.
      thresholds: { 'src/{read,match,authenticate,authorize,limit,forward}/**': { branches: 95 } },
    },
  },
});
