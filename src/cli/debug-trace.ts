import { developmentIssuer } from '../app/adapters.ts';
import { loadServedSchema } from '../app/load-schema.ts';
import { readConfig } from '../config/load.ts';
import { localUrl } from '../config/local-url.ts';
import type { Config } from '../config/schema.ts';
import { systemClock } from '../core/clock.ts';
import { AppError, type ErrorBody } from '../core/errors.ts';
import { formatTrace, type TraceReport } from '../telemetry/traces/trace-report.ts';
import { exitCodes } from './exit-code.ts';

const timeoutMs = 5000;

/** Asks the server of this configuration: traces are in its memory, and nowhere else. */
export async function debugTrace(requestId: string, { json }: { readonly json?: boolean }): Promise<number> {
  const { config } = readConfig();
  const host = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
  const base = localUrl({ host, port: config.port });
  const response = await fetch(`${base}/debug/trace?id=${encodeURIComponent(requestId)}`, {
    headers: { Authorization: `Bearer ${await operatorToken(config)}` },
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    throw new AppError('dependency_unavailable', `${base} does not answer`, {
      hint: 'Start the server, or set HOST and PORT to where it runs.',
      cause,
    });
  });
  if (!response.ok) {
    const { code, message, hint } = (await response.json()) as ErrorBody;
    throw new AppError(code, message, hint === undefined ? {} : { hint });
  }
  const report = (await response.json()) as TraceReport;
  process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : formatTrace(report));
  return exitCodes.done;
}

/** OPERATOR_TOKEN; where the development issuer is on, one of its own. */
async function operatorToken(config: Config): Promise<string> {
  if (config.operatorToken !== undefined) return config.operatorToken;
  if (!config.devIssuer)
    throw new AppError('misconfigured', 'This command needs OPERATOR_TOKEN', { hint: 'Set it to a token with ops:read.' });
  const issuer = await developmentIssuer(config, systemClock);
  const { definition } = await loadServedSchema(config);
  const roles = definition.callerRoles.filter(({ permissions }) => permissions.includes('ops:read'));
  return issuer.mint({
    ...{ subject: 'operator', audience: config.authAudience[0] ?? '', roles: roles.map(({ name }) => name) },
    ...{ tenantKeys: [], groups: [], ttlSeconds: 60 },
  });
}
