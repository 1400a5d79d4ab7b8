import { describe, expect, test } from 'vitest';
import { runProduct } from '../e2e/product.ts';

const advise = (...figures: string[]) => runProduct(['scale', 'advise', ...figures], {});

describe('scale advise', () => {
  test('says what the autoscaler would do, and why', async () => {
    const { code, stdout } = await advise('--cpu', '5', '--memory', '95', '--queue', '500', '--instances', '4');
    expect(code).toBe(0);
    expect(stdout).toBe(
      'now      4\nadvice   5 (up)\nbecause  memory 95 % is above 85 %\nbecause  the queue of 500 is above 100\n',
    );
  });

  test('as JSON, by the bounds of the settings', async () => {
    const figures = ['--cpu', '5', '--memory', '20', '--queue', '0', '--instances', '3', '--json'];
    const { stdout } = await runProduct(['scale', 'advise', ...figures], { AUTOSCALE_MIN: '3' });
    expect(JSON.parse(stdout)).toEqual({
      direction: 'stay',
      current: 3,
      desired: 3,
      reasons: ['CPU 5 %, memory 20 % and 0 waiting are all low', '3 are the least'],
      signals: { cpuPercent: 5, memoryPercent: 20, queue: 0 },
    });
  });

  test('takes no part of the figures for all of them, and says what to do where nobody tells any', async () => {
    const some = await advise('--cpu', '5');
    expect([some.code, some.stderr]).toEqual([2, expect.stringContaining('what is not known is not low')]);
    const none = await advise();
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('Start them with AUTOSCALE=advise')]);
  });
});

test('scale rules prints the policy for a platform', async () => {
  const env = { AUTOSCALE_MIN: '3', AUTOSCALE_MAX: '7' };
  const apps = await runProduct(['scale', 'rules', '--for', 'container-apps'], env);
  expect(JSON.parse(apps.stdout)).toMatchObject({ minReplicas: 3, maxReplicas: 7 });
  const keda = await runProduct(['scale', 'rules', '--for', 'keda', '--prometheus', 'http://p:9090'], env);
  expect(JSON.parse(keda.stdout).spec.triggers.at(-1).metadata.serverAddress).toBe('http://p:9090');
  expect((await runProduct(['scale', 'rules'], env)).code).toBe(2);
});
