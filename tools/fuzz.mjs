/**
 * Fuzzes the guard with PostgreSQL as the judge for as many statements of each kind as are asked for, each run by another seed:
 *   npm run fuzz -- --statements 1000000 [--seed 7]
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { statements: { type: 'string', default: '1000000' }, seed: { type: 'string' } } });
const count = Number(values.statements);
const seed = Number(values.seed ?? Math.floor(Date.now() / 1000));
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  console.error('--statements and --seed are whole numbers');
  process.exit(2);
}
const child = spawn(
  'npx',
  ['vitest', 'run', 'test/security/guard-fuzz-database.test.ts', 'test/security/guard-fuzz-names.test.ts'],
  {
    cwd: new URL('..', import.meta.url),
    stdio: 'inherit',
    env: { ...process.env, FUZZ_STATEMENTS: String(count), FUZZ_SEED: String(seed) },
  },
);
child.on('exit', (code) => process.exit(code ?? 1));
