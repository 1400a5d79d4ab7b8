import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/** Hold promises of time under load: another test beside them would be part of the load. */
const alone = [
  'test/e2e/{behind-nginx,brownout,cached-answers,chaos,interrupted-start}.test.ts',
  'test/app/{identity-replicas,outages,read-replicas,server-workers}.test.ts',
  'test/cli/serve-workers.test.ts',
  'test/postgres/{cancellation,fair-queue,table-listener}.test.ts',
  'test/security/tenants-under-load.test.ts',
];

/** Start programs, or change the process they run in: its clock, environment, compiler, streams or signals. Each gets one of its own. */
const apart = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/${name}`)
  .filter(
    (name) =>
      /^test\/(app|apps|bench|cli|docs|e2e|examples|packaging|tools)\//.test(name) ||
      /\b(vi|process|globalThis)\.|\bnode:(child_process|v8|worker_threads)\b/.test(readFileSync(name, 'utf8')),
  );

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    projects: [
      {
        extends: true,
        // Starting a process and loading the sources takes longer than most of these files: two processes for all of them.
        test: {
          name: 'in turn',
          include: ['test/**/*.test.ts'],
          exclude: [...alone, ...apart],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // Most of a test's time is waiting for servers and processes: two at a time, also on two cores.
        test: { name: 'together', include: apart, exclude: alone, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
    // What is waited for in `expect.poll` comes sooner or later; where it is promised by a time, the test says by which.
    expect: { poll: { timeout: 15_000, interval: 20 } },
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
