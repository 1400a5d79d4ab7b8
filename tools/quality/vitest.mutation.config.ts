import { defineConfig } from 'vitest/config';

/** Tests that need no database, for one target of `tools/mutation.mjs`. */
export default defineConfig({
  test: {
    include: (process.env.MUTATION_TESTS ?? '').split(','),
    pool: 'forks',
    testTimeout: 20_000,
  },
});
