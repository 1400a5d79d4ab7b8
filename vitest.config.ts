import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    // Most of a test's time is waiting for servers and processes: two at a time, also on two cores.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Runs in a worker thread, where V8's coverage of this process does not reach; its work is in embedded-session.ts.
      exclude: ['src/postgres/embedded-worker.ts'],
      reporter: ['text', 'cobertura'],
      thresholds: { lines: 90, branches: 90 },
    },
  },
});
