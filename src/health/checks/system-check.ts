import { statfs } from 'node:fs/promises';
import type { ProcessSample } from '../../telemetry/process-sampler.ts';
import { findingsOf, type HealthCheck } from '../health-check.ts';

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface SystemCheckOptions {
  readonly sample: () => ProcessSample;
  /** CPU of the last minute, 0 to 1. */
  readonly cpuShare: () => number;
  readonly diskSpace: () => Promise<DiskSpace>;
  readonly limits?: Partial<SystemLimits>;
}

export interface SystemLimits {
  readonly cpuShare: number;
  readonly memoryShare: number;
  readonly loopLagMs: number;
  readonly freeBytes: number;
  readonly freeShare: number;
}

const defaults: SystemLimits = {
  cpuShare: 0.85,
  memoryShare: 0.9,
  loopLagMs: 250,
  freeBytes: 512 * 1024 * 1024,
  freeShare: 0.05,
};

/** The process and what it stands on. */
export function createSystemCheck({ sample, cpuShare, diskSpace, limits }: SystemCheckOptions): HealthCheck {
  const most = { ...defaults, ...limits };
  return async () => {
    const { rssBytes, memoryLimitBytes, loopLagMs } = sample();
    const cpu = cpuShare();
    const disk = await diskSpace().catch(() => undefined);
    const percent = (share: number) => Math.round(share * 1000) / 10;
    const memoryShare = rssBytes / memoryLimitBytes;
    const diskIsFull =
      disk !== undefined && (disk.freeBytes < most.freeBytes || disk.freeBytes / disk.totalBytes < most.freeShare);
    return findingsOf(
      [
        { when: cpu > most.cpuShare, status: 'degraded', reason: `the CPU is ${percent(cpu)} % busy` },
        { when: memoryShare > most.memoryShare, status: 'degraded', reason: `${percent(memoryShare)} % of the memory is taken` },
        { when: loopLagMs > most.loopLagMs, status: 'degraded', reason: `the event loop is ${Math.round(loopLagMs)} ms late` },
        { when: diskIsFull, status: 'degraded', reason: 'the disk of DATA_DIR is nearly full' },
      ],
      {
        cpu_percent: percent(cpu),
        memory_bytes: rssBytes,
        memory_limit_bytes: memoryLimitBytes,
        event_loop_lag_p99_ms: Math.round(loopLagMs * 10) / 10,
        disk_free_bytes: disk?.freeBytes ?? 'unknown',
      },
    );
  };
}

/** Of the file system that holds a folder, which may not be there yet. */
export async function diskSpaceOf(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder).catch(() => statfs('.'));
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}
