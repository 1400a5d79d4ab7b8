#!/usr/bin/env node
// Everything goes wrong, one thing after the other, while tenants ask: docs/how-to/runbooks.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chaosReport } from './chaos/report.mjs';
import { runChaos } from './chaos/run.mjs';
import { BenchError, benchCache, checkout, progress, services } from './places.mjs';
import { runMain } from './session.mjs';

const USAGE = `Options:
  --minutes N     length of the run (default 20; 4 is the short one)
  --rate N        calls a second (default 8)
  --scale N       customers in the database (default 500)
  --main FILE     another build than dist/main.js
  --name NAME     end of the report's file name (default chaos)
`;

function parseOptions(args) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    args,
    options: { minutes: text, rate: text, scale: text, main: text, name: text, help: { type: 'boolean' } },
  });
  const number = (name, fallback) => {
    const value = Number(values[name] ?? fallback);
    if (!(value > 0)) throw new BenchError(`--${name} ${values[name]} is not a number above 0\n\n${USAGE}`);
    return value;
  };
  return {
    help: values.help,
    name: values.name ?? 'chaos',
    main: values.main ?? join(checkout, 'dist/main.js'),
    minutes: number('minutes', 20),
    perSecond: number('rate', 8),
    scale: number('scale', 500),
  };
}

await runMain(async () => {
  const { help, name, ...options } = parseOptions(process.argv.slice(2));
  if (help) return console.log(USAGE);
  const run = await runChaos({ ...options, root: services().root });
  const date = new Date().toISOString().slice(0, 10);
  const text = `# Chaos run, ${date}\n\n${chaosReport(run)}\n`;
  const folder = options.minutes < 3 ? join(benchCache, 'results') : join(checkout, 'bench/results');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${date}-${name}.md`);
  await writeFile(path, text);
  console.log(text);
  progress(`written to ${path}`);
  if (!run.held) process.exitCode = 1;
});
