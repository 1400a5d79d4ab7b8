import { readConfig } from '../config/load.ts';
import { localUrl } from '../config/local-url.ts';
import { exitCodes } from './exit-code.ts';

const timeoutMs = 5000;

/** For container health checks: asks the server of this configuration whether it is ready. */
export async function health({ quiet }: { readonly quiet?: boolean }): Promise<number> {
  const { config } = readConfig();
  const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
  const url = `${localUrl({ host, port: config.port })}/health/ready`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).then(
    async (response) => ({ ready: response.ok, text: await response.text() }),
    (error: Error) => ({ ready: false, text: `${url} does not answer: ${error.message}` }),
  );
  if (!quiet) process.stderr.write(`${answer.text}\n`);
  return answer.ready ? exitCodes.done : exitCodes.failed;
}
