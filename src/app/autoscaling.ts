import type { Worker } from 'node:cluster';
import { randomUUID } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../core/clock.ts';
import type { Note } from '../core/observation.ts';
import type { Database } from '../postgres/database.ts';
import type { RedisConnection } from '../resilience/redis-connection.ts';
import { createAdviseOnly } from '../scaling/advise-only.ts';
import { type Autoscaler, createAutoscaler } from '../scaling/autoscaler.ts';
import { createContainerApps } from '../scaling/azure-container-apps.ts';
import { createLocalWorkers, type WorkerCount } from '../scaling/local-workers.ts';
import { defaultPolicy, type ScalingPolicy, type ScalingSignals } from '../scaling/policy.ts';
import { createProcessSignals } from '../scaling/process-signals.ts';
import { createRedisSignalBoard } from '../scaling/redis-signal-board.ts';
import type { ScalingTarget } from '../scaling/scaling-target.ts';
import { createOwnBoard, type SignalBoard } from '../scaling/signal-board.ts';
import { createAzureTokenSource } from '../vault/azure-identity.ts';
import { azureIdentity } from './secrets.ts';

/** Between a worker and its primary. */
interface SignalsMessage {
  readonly scalingSignals: ScalingSignals;
}

type PolicySettings = Pick<
  Config,
  'autoscaleMin' | 'autoscaleMax' | 'autoscaleUp' | 'autoscaleCooldownUpSeconds' | 'autoscaleCooldownDownSeconds'
>;

export function scalingPolicy(config: PolicySettings, max = config.autoscaleMax): ScalingPolicy {
  return {
    ...defaultPolicy,
    min: config.autoscaleMin,
    max,
    upBy: config.autoscaleUp,
    cooldownUpMs: config.autoscaleCooldownUpSeconds * 1000,
    cooldownDownMs: config.autoscaleCooldownDownSeconds * 1000,
  };
}

/** Of the installation, as in everything that replicas share in Redis. */
export function sharedBoard(config: Pick<Config, 'postgresRolePrefix'>, redis: RedisConnection): SignalBoard {
  return createRedisSignalBoard({ redis: redis.client, prefix: `${config.postgresRolePrefix}:`, instance: randomUUID() });
}

export interface PrimaryScalingOptions {
  readonly config: Config;
  /** Workers at the most. */
  readonly max: number;
  readonly clock: Clock;
  readonly note: Note;
}

/** In the primary of a machine: hears how busy its workers are, and starts and ends them. */
export function scaleWorkers({ config, max, clock, note }: PrimaryScalingOptions) {
  const board = createOwnBoard({ clock });
  let autoscaler: Autoscaler | undefined;
  return {
    onWorker(worker: Worker): void {
      worker.on('message', ({ scalingSignals }: Partial<SignalsMessage>) => {
        if (scalingSignals !== undefined) board.hear(worker.id, scalingSignals);
      });
      worker.once('exit', () => board.forget(worker.id));
    },
    onStarted(workers: WorkerCount): void {
      const policy = scalingPolicy(config, max);
      const everyMs = config.autoscaleIntervalSeconds * 1000;
      autoscaler = createAutoscaler({ target: createLocalWorkers(workers), board, policy, note, everyMs });
      autoscaler.start();
    },
    desired: () => autoscaler?.desired(),
    close: async () => autoscaler?.close(),
  };
}

export interface ProcessScalingOptions {
  readonly config: Config;
  readonly database: Pick<Database, 'load'>;
  readonly redis: RedisConnection | undefined;
  readonly clock: Clock;
  readonly note: Note;
}

export interface ProcessScaling {
  /** Instances there should be, where this process decides it. */
  desired(): number | undefined;
  close(): Promise<void>;
}

/** In a process that serves: tells how busy it is, to its primary or to all replicas, and in one of them decides. */
export function startScaling({ config, database, redis, clock, note }: ProcessScalingOptions): ProcessScaling {
  const { autoscale, serverWorkers } = config;
  if (autoscale === 'off') return { desired: () => undefined, close: async () => {} };
  const waiting = () => database.load().waiting;
  const everyMs = config.autoscaleIntervalSeconds * 1000;
  if (autoscale === 'workers') {
    // Another worker would take more of the machine's memory, and bring none.
    const measure = createProcessSignals({ clock, waiting });
    const tell = () => process.send?.({ scalingSignals: measure() } satisfies SignalsMessage, undefined, undefined, () => {});
    const timer = setInterval(tell, everyMs).unref();
    return { desired: () => undefined, close: async () => clearInterval(timer) };
  }
  const measure = createProcessSignals({ clock, waiting, sharing: serverWorkers });
  const board = redis === undefined ? createOwnBoard({ clock }) : sharedBoard(config, redis);
  const target = autoscale === 'advise' ? adviceFor(board, serverWorkers) : containerApp(config);
  const autoscaler = createAutoscaler({ target, board, measure, policy: scalingPolicy(config), note, everyMs });
  autoscaler.start();
  return autoscaler;
}

/** Replicas of as many workers each. */
export function adviceFor(board: Pick<SignalBoard, 'read'>, workers: number): ScalingTarget {
  return createAdviseOnly(async () => Math.ceil((await board.read()).length / workers));
}

function containerApp(config: Config): ScalingTarget {
  const resourceId = config.autoscaleContainerApp ?? '';
  return createContainerApps({
    resourceId,
    token: createAzureTokenSource(azureIdentity(config), 'https://management.azure.com/.default'),
  });
}
