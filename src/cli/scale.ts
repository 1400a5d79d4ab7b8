import { setTimeout as delay } from 'node:timers/promises';
import { sharedRedis } from '../app/adapters.ts';
import { scalingPolicy, sharedBoard } from '../app/autoscaling.ts';
import { loadConfig } from '../config/load.ts';
import { AppError } from '../core/errors.ts';
import { containerAppsScale, kedaScaledObject } from '../scaling/platform-rules.ts';
import { decideScale, type ScalingSituation } from '../scaling/policy.ts';
import { joinSignals } from '../scaling/signals.ts';
import { exitCodes } from './exit-code.ts';
import { printJson } from './output.ts';

export interface ScaleAdviceFlags {
  readonly json?: boolean;
  readonly cpu?: number;
  readonly memory?: number;
  readonly queue?: number;
  readonly instances?: number;
}

/** What the autoscaler would do: by what the replicas tell in Redis, or by the figures of the command line. Changes nothing. */
export async function adviseOnScale(flags: ScaleAdviceFlags): Promise<number> {
  const config = loadConfig({ serving: 'nothing' });
  const situation = given(flags) ?? (await fromReplicas());
  const decision = { ...decideScale(situation, scalingPolicy(config)), signals: situation.signals };
  const { direction, current, desired, reasons } = decision;
  const lines = [`now      ${current}`, `advice   ${direction === 'stay' ? 'leave it' : `${desired} (${direction})`}`];
  const text = [...lines, ...reasons.map((reason) => `because  ${reason}`)].join('\n');
  process.stdout.write(flags.json ? `${JSON.stringify(decision, null, 2)}\n` : `${text}\n`);
  return exitCodes.done;
}

function given({ cpu, memory, queue, instances }: ScaleAdviceFlags): ScalingSituation | undefined {
  const figures = [cpu, memory, queue, instances];
  if (figures.every((figure) => figure === undefined)) return undefined;
  if (cpu === undefined || memory === undefined || queue === undefined || instances === undefined) {
    throw new AppError('invalid_input', 'Advice by figures needs all of them: what is not known is not low', {
      hint: 'Give --cpu, --memory, --queue and --instances.',
    });
  }
  const signals = { cpuPercent: cpu, memoryPercent: memory, queue };
  return { signals, current: instances, sinceChangeMs: Number.POSITIVE_INFINITY };
}

async function fromReplicas(): Promise<ScalingSituation> {
  const config = loadConfig({ serving: 'nothing' });
  const redis = await sharedRedis(config, () => {});
  try {
    for (let attempt = 0; redis !== undefined && !redis.client.isReady && attempt < 100; attempt += 1) await delay(20);
    const board = redis?.client.isReady ? sharedBoard(config, redis) : undefined;
    const told = (await board?.read()) ?? [];
    if (board === undefined || told.length === 0) {
      throw new AppError('not_found', 'No replica tells how busy it is', {
        hint: 'Start them with AUTOSCALE=advise and the REDIS_URL of this command, or give --cpu, --memory, --queue and --instances.',
      });
    }
    const current = Math.ceil(told.length / config.serverWorkers);
    return { signals: joinSignals(told), current, sinceChangeMs: await board.sinceChangeMs() };
  } finally {
    await redis?.close();
  }
}

export interface ScaleRulesFlags {
  readonly for: 'keda' | 'container-apps';
  readonly prometheus: string;
}

/** The same policy for a platform that scales by itself. */
export async function printScaleRules({ for: platform, prometheus }: ScaleRulesFlags): Promise<number> {
  const policy = scalingPolicy(loadConfig({ serving: 'nothing' }));
  const rules = platform === 'keda' ? kedaScaledObject(policy, prometheus) : containerAppsScale(policy);
  printJson(rules);
  return exitCodes.done;
}
