import { defineConfig } from 'vitest/config';

/** Hold promises of time under load: another test beside them would be part of the load. */
const alone = [
  'test/e2e/{behind-nginx,brownout,cached-answers,disturbances}.test.ts',
  'test/app/{identity-replicas,outages,read-replicas,server-workers}.test.ts',
  'test/cli/{serve,serve-workers}.test.ts',
  'test/postgres/{cancellation,fair-queue,table-listener}.test.ts',
  'test/security/tenants-under-load.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    projects: [
      {
        extends: true,
        // Most of a test's time is waiting for servers and processes: two at a time, also on two cores.
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: alone, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
    // No promise of the product: what a busy machine needs for starting a database or two.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Runs in a worker thread, where V8's coverage of this process does not reach; its work is in embedded-session.ts.
      exclude: ['src/postgres/embedded-worker.ts'],
      reporter: ['text-summary', 'cobertura'],
      // Who mends a test wants to know, too.
      reportOnFailure: true,
      thresholds: { lines: 90, branches: 90 },
    },
  },
});
