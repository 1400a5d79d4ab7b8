import { availableParallelism } from 'node:os';
import type { Config } from './schema.ts';

type ProcessSettings = Pick<Config, 'autoscale' | 'autoscaleMin' | 'autoscaleMax' | 'serverWorkers' | 'replicasExpected'>;

/** Workers that the autoscaler may run on this machine: each uses one CPU, and more of them than CPUs only cost memory. */
export function mostWorkers({ autoscaleMin, autoscaleMax }: ProcessSettings, cpus = availableParallelism()): number {
  return Math.max(autoscaleMin, Math.min(autoscaleMax, cpus));
}

/** Processes that may come to share the database: each has its part of its connections from the start. */
export function processesExpected(config: ProcessSettings, cpus = availableParallelism()): number {
  const { autoscale, autoscaleMax, serverWorkers, replicasExpected } = config;
  const workers = autoscale === 'workers' ? Math.max(serverWorkers, mostWorkers(config, cpus)) : serverWorkers;
  const replicas = autoscale === 'container-apps' ? Math.max(replicasExpected, autoscaleMax) : replicasExpected;
  return workers * replicas;
}
