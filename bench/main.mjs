#!/usr/bin/env node
// This server alone: docs/how-to/run-the-benchmarks.md.
import { parseOptions, USAGE } from './options.mjs';
import { ours } from './servers/ours.mjs';
import { bench, embeddedStarts, prepare, profile, runMain } from './session.mjs';

await runMain(async () => {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const prepared = await prepare(options);
  if (options.profile) return profile(options, prepared);
  const own = { authentication: prepared.authentication, main: prepared.main };
  const cached = prepared.workloads.some(({ id }) => id.startsWith('C'));
  const starts = options.coldStarts === 0 ? {} : await embeddedStarts(prepared, options.coldStarts);
  await bench(options, 'ours', prepared, [ours(own), ...(cached ? [ours({ ...own, cached: true })] : [])], starts);
});
