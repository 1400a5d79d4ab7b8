import { effectiveSettings, formatSettings } from '../config/describe.ts';
import { readConfig } from '../config/load.ts';
import { exitCodes } from './exit-code.ts';

/** Names every problem at once; shows what is in effect either way. */
export async function checkConfig(): Promise<number> {
  const { config, problems } = readConfig();
  process.stderr.write(formatSettings(effectiveSettings(config)));
  for (const { setting, problem, remedy } of problems) process.stderr.write(`${setting} ${problem}: ${remedy}\n`);
  process.stderr.write(problems.length === 0 ? 'The settings are in order.\n' : `${problems.length} to mend.\n`);
  return problems.length === 0 ? exitCodes.done : exitCodes.configuration;
}

export async function showConfig({ json }: { readonly json?: boolean }): Promise<number> {
  const { config } = readConfig();
  const rows = effectiveSettings(config);
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : formatSettings(rows));
  return exitCodes.done;
}
