import { expect, test } from 'vitest';
import { mostWorkers, processesExpected } from '../../src/config/process-count.ts';

const settings = { autoscale: 'off', autoscaleMin: 2, autoscaleMax: 20, serverWorkers: 3, replicasExpected: 4 } as const;

test('processes that may share the database are counted at their most', () => {
  expect(processesExpected(settings, 8)).toBe(12);
  expect(processesExpected({ ...settings, autoscale: 'advise' }, 8)).toBe(12);
  expect(processesExpected({ ...settings, autoscale: 'workers' }, 8)).toBe(8 * 4);
  expect(processesExpected({ ...settings, autoscale: 'workers', serverWorkers: 16 }, 8)).toBe(16 * 4);
  expect(processesExpected({ ...settings, autoscale: 'container-apps' }, 8)).toBe(3 * 20);
});

test('there are no more workers than CPUs, unless the least is more', () => {
  expect(mostWorkers(settings, 8)).toBe(8);
  expect(mostWorkers({ ...settings, autoscaleMax: 5 }, 8)).toBe(5);
  expect(mostWorkers({ ...settings, autoscaleMin: 3 }, 1)).toBe(3);
});
