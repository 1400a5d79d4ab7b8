import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const tests = (process.env.MUTATION_TESTS ?? '').split(',');

/** As the target lists them: quick ones first, since the first that fails ends the run. */
class AsListed extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const place = ({ moduleId }: TestSpecification) => tests.indexOf(relative(this.ctx.config.root, moduleId));
    return [...files].sort((a, b) => place(a) - place(b));
  }
}

/** Tests that need no database, for one target of `tools/mutation.mjs`. */
export default defineConfig({
  test: {
    include: tests,
    pool: 'forks',
    // One worker a mutant, and the parser loaded once in it: nothing outlives the mutant.
    isolate: false,
    sequence: { sequencer: AsListed },
    testTimeout: 20_000,
  },
});
