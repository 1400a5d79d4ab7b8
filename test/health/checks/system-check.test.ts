import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { createSystemCheck, diskSpaceOf, type SystemLimits } from '../../../src/health/checks/system-check.ts';
import { createProcessSampler } from '../../../src/telemetry/process-sampler.ts';

/** The real figures of this process and its disk, against limits that one of them breaks. */
async function found(limits: Partial<SystemLimits>, busy: () => void = () => {}) {
  const sampler = createProcessSampler({ clock: { monotonic: () => performance.now() }, everyMs: 3_600_000 });
  try {
    // The loop is looked at every 20 ms; what keeps it busy in between is what it was late by.
    await new Promise((resolve) => setTimeout(resolve, 60));
    busy();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { cpuShare } = sampler.take();
    const check = createSystemCheck({
      ...{ sample: sampler.latest, cpuShare: () => cpuShare, diskSpace: () => diskSpaceOf(tmpdir()) },
      limits: { cpuShare: 2, memoryShare: 2, loopLagMs: 60_000, freeBytes: 0, freeShare: 0, ...limits },
    });
    return await check();
  } finally {
    sampler.close();
  }
}

const block = (ms: number) => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

test('nothing is wrong with a process within its limits, and its figures are told', async () => {
  const { status, reasons, details } = await found({});
  expect({ status, reasons }).toEqual({ status: 'healthy', reasons: [] });
  expect(details.memory_bytes).toBeGreaterThan(10_000_000);
  expect(details.memory_limit_bytes).toBeGreaterThan(Number(details.memory_bytes));
  expect(details.disk_free_bytes).toBeGreaterThan(0);
});

test('an event loop that was held up degrades', async () => {
  const { status, reasons } = await found({ loopLagMs: 250 }, () => block(400));
  expect(status).toBe('degraded');
  expect(reasons).toEqual([expect.stringMatching(/^the event loop is \d{3} ms late$/)]);
});

test.each([
  ['cpuShare', 0, /^the CPU is [\d.]+ % busy$/],
  ['memoryShare', 0, /% of the memory is taken$/],
  ['freeBytes', Number.MAX_SAFE_INTEGER, /^the disk of DATA_DIR is nearly full$/],
  ['freeShare', 1.1, /^the disk of DATA_DIR is nearly full$/],
] as const)('a broken limit of %s degrades', async (limit, value, reason) => {
  expect(await found({ [limit]: value }, () => block(20))).toMatchObject({
    status: 'degraded',
    reasons: [expect.stringMatching(reason)],
  });
});

test('a disk that cannot be asked is unknown, not full', async () => {
  const sample = { cpuShare: 0, rssBytes: 1, memoryLimitBytes: 10, loopUtilisation: 0, loopLagMs: 0 };
  const diskSpace = () => Promise.reject(new Error('no'));
  const check = createSystemCheck({ sample: () => sample, cpuShare: () => 0, diskSpace });
  expect(await check()).toMatchObject({ status: 'healthy', details: { disk_free_bytes: 'unknown' } });
});

test('a folder that is not there yet is asked for by the place where it will be', async () => {
  expect((await diskSpaceOf('/no/such/folder')).totalBytes).toBeGreaterThan(0);
});
