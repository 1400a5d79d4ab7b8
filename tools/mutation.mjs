/**
 * Mutation testing of the walls: what is changed in a file, and no test notices, is a hole in the tests.
 *
 *   npm run mutation                       every target (hours: for the night)
 *   npm run mutation -- authorize scope    these alone
 *   npm run mutation -- guard --file src/query/guard-rules/sizes.ts
 *
 * Prints the score of each file, and exits with 1 where one is under 85 %.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installQualityTools, runTool } from './quality/run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const least = 85;

const rules = 'src/query/guard-rules';
/** What remembers verdicts, and puts literals and tenants into their texts. */
const guardMemory = [
  'src/query/guard.ts',
  ...['bound-constants', 'literals', 'text-template'].map((name) => `${rules}/${name}.ts`),
];
const guardRules = (await filesIn(rules)).filter((name) => !guardMemory.includes(name));
/** Seconds each: a mutant that a quicker test notices does without them. */
const memoryTests = ['test/query/guard-rules/literals.test.ts'];
const slowTests = ['test/query/guard-rules/grammar.test.ts', 'test/security/guard-corpus.test.ts'];
const quickTests = (await filesIn('test/query/guard-rules')).filter((name) => ![...slowTests, ...memoryTests].includes(name));
const guardTests = ['test/query/guard.test.ts', ...quickTests, ...slowTests];

/** Tests run in this order until one notices. */
const targets = {
  authorize: { files: ['src/identity/authorize.ts'], tests: ['test/identity/authorize.test.ts'] },
  'cache-key': { files: ['src/cache/cache-key.ts'], tests: ['test/cache/cache-key.test.ts'] },
  scope: {
    files: ['src/postgres/scope-token.ts', 'src/postgres/tenant-exchange.ts', 'src/identity/tenant-scope.ts'],
    tests: ['test/postgres/scope-token.test.ts', 'test/postgres/tenant-exchange.test.ts', 'test/identity/tenant-scope.test.ts'],
  },
  plugins: {
    files: [
      'src/mcp/plugins/plugin-call.ts',
      'src/mcp/plugins/plugin-tool.ts',
      'src/mcp/plugins/sql-text.ts',
      'src/app/load-plugins.ts',
    ],
    tests: ['test/mcp/plugins/*.test.ts', 'test/app/load-plugins.test.ts'],
  },
  guard: { files: guardRules, tests: guardTests },
  'guard-memory': { files: guardMemory, tests: [...guardTests, ...memoryTests] },
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { file: { type: 'string', multiple: true } } });
const unknown = positionals.filter((name) => !(name in targets));
if (unknown.length > 0) {
  console.error(`Targets are ${Object.keys(targets).join(', ')}; not ${unknown.join(', ')}`);
  process.exit(2);
}

await installQualityTools();
const scores = [];
for (const name of positionals.length > 0 ? positionals : Object.keys(targets)) {
  const { files, tests } = targets[name];
  scores.push(...(await mutate(name, values.file ?? files, tests)));
}
for (const { file, score, killed, survived } of scores) {
  console.log(
    `${score.toFixed(1).padStart(5)} %  ${file} (${killed} noticed, ${survived} not)${score < least ? `: under ${least} %` : ''}`,
  );
}
process.exitCode = scores.some(({ score }) => score < least) ? 1 : 0;

async function filesIn(folder) {
  return (await readdir(join(root, folder))).map((name) => `${folder}/${name}`);
}

async function mutate(name, files, tests) {
  const report = join(root, `coverage/mutation-${name}.json`);
  const config = join(root, `coverage/stryker-${name}.json`);
  await mkdir(join(root, 'coverage'), { recursive: true });
  await writeFile(
    config,
    JSON.stringify({
      testRunner: 'vitest',
      plugins: [
        join(root, 'tools/quality/node_modules/@stryker-mutator/vitest-runner/dist/src/index.js'),
        join(root, 'tools/quality/refusal-words.mjs'),
      ],
      ignorers: ['refusal-words'],
      vitest: { configFile: 'tools/quality/vitest.mutation.config.ts', related: false },
      mutate: files,
      // The project's TypeScript has no JavaScript interface, and Stryker needs none to mutate.
      tsconfigFile: 'none.json',
      coverageAnalysis: 'perTest',
      // On a busy machine a slow run is no noticed mutant
      timeoutMS: 60_000,
      concurrency: Number(process.env.MUTATION_PROCESSES ?? 1),
      reporters: ['json', 'progress-append-only'],
      jsonReporter: { fileName: report },
      tempDirName: '.stryker-tmp',
      ignorePatterns: ['/bench', '/docs', '/coverage', '/dist', '/.zava', '/tools/quality/node_modules'],
    }),
  );
  await runTool('stryker', ['run', config], { MUTATION_TESTS: tests.join(',') });
  const { files: mutated } = JSON.parse(await readFile(report, 'utf8'));
  return Object.entries(mutated).map(([file, { mutants, source }]) => {
    const told = mutants.filter(({ status }) => !['Ignored', 'CompileError', 'RuntimeError'].includes(status));
    const missed = told.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
    for (const { location, mutatorName, replacement = '' } of missed) {
      const line = source.split('\n')[location.start.line - 1]?.trim();
      console.log(`  ${file}:${location.start.line} ${mutatorName}: ${line} → ${replacement.split('\n')[0]}`);
    }
    const killed = told.length - missed.length;
    return { file, killed, survived: missed.length, score: told.length === 0 ? 100 : (100 * killed) / told.length };
  });
}
