import { sendLimitMs } from '../alerts/channels/channel.ts';
import { grafanaDashboard } from '../alerts/grafana-dashboard.ts';
import { testNotice } from '../alerts/notice.ts';
import { prometheusRules } from '../alerts/prometheus-rules.ts';
import { conditionText } from '../alerts/reference-page.ts';
import { alertRules } from '../alerts/rules.ts';
import { alertChannels, serverName } from '../app/alerting/alerting.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { within } from '../core/within.ts';
import { createLogSink } from '../telemetry/log-sink.ts';
import { metricList } from '../telemetry/metrics/metric-list.ts';
import { exitCodes } from './exit-code.ts';
import { printJson } from './output.ts';

/** The rules as they are in effect here. */
export async function listAlertRules({ json }: { readonly json?: boolean }): Promise<number> {
  const { monthlyBudget } = loadConfig({ serving: 'nothing' });
  const rules = alertRules({ monthlyBudget }).map(({ name, severity, forMs, condition, summary, action }) => ({
    ...{ name, severity, for_seconds: forMs / 1000, condition: conditionText(condition).replaceAll('`', ''), summary, action },
  }));
  if (json) printJson(rules);
  else {
    for (const rule of rules) {
      const { name, severity, for_seconds: seconds, condition } = rule;
      process.stdout.write(`${name} (${severity}${seconds === 0 ? '' : `, for ${seconds / 60} min`})\n  ${condition}\n`);
    }
  }
  return exitCodes.done;
}

/** Sends a test notice by every channel that is configured, or by one. */
export async function testAlertChannels({ channel: only }: { readonly channel?: string }): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const channels = alertChannels(config, createLogSink({ stream: process.stderr, clock: systemClock }));
  const chosen = channels.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new AppError('invalid_input', `The channel ${only} is not configured`, {
      hint: `Configured: ${channels.map(({ name }) => name).join(', ')}. See docs/how-to/alerts.md for the settings.`,
    });
  }
  const notice = testNotice(serverName(config), systemClock.now());
  const outcomes = await Promise.all(
    chosen.map(async ({ name, send }) => {
      try {
        await within(sendLimitMs, send(notice, AbortSignal.timeout(sendLimitMs)));
        return { name, error: undefined };
      } catch (error) {
        return { name, error: (error as Error).message };
      }
    }),
  );
  for (const { name, error } of outcomes) process.stdout.write(`${name}: ${error === undefined ? 'sent' : `FAILED: ${error}`}\n`);
  return outcomes.every(({ error }) => error === undefined) ? exitCodes.done : exitCodes.failed;
}

/** The same rules for Prometheus, on stdout. */
export async function printPrometheusRules(): Promise<number> {
  const { monthlyBudget } = loadConfig({ serving: 'nothing' });
  process.stdout.write(prometheusRules({ rules: alertRules({ monthlyBudget }) }));
  return exitCodes.done;
}

/** A panel for each metric, on stdout. */
export async function printGrafanaDashboard(): Promise<number> {
  printJson(grafanaDashboard(metricList));
  return exitCodes.done;
}
