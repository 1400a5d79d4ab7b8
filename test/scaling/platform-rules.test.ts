import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { containerAppsScale, kedaScaledObject } from '../../src/scaling/platform-rules.ts';
import { defaultPolicy } from '../../src/scaling/policy.ts';

const prometheus = 'http://prometheus.monitoring:9090';

test.each([
  ['container-apps-scale.json', containerAppsScale(defaultPolicy)],
  ['keda-scaled-object.json', kedaScaledObject(defaultPolicy, prometheus)],
])('deploy/%s is what `scale rules` prints for the policy', async (file, rules) => {
  expect(await readFile(new URL(`../../deploy/${file}`, import.meta.url), 'utf8')).toBe(`${JSON.stringify(rules, null, 2)}\n`);
});

test('the platforms keep to the same bounds and the same cooldown', () => {
  const policy = { ...defaultPolicy, min: 3, max: 9, cooldownDownMs: 120_000, upBy: 'proportional' as const };
  expect(containerAppsScale(policy)).toMatchObject({ minReplicas: 3, maxReplicas: 9, cooldownPeriod: 120 });
  const { spec } = kedaScaledObject(policy, prometheus);
  expect(spec).toMatchObject({ minReplicaCount: 3, maxReplicaCount: 9 });
  const { behavior } = spec.advanced.horizontalPodAutoscalerConfig;
  expect(behavior.scaleUp.policies).toEqual([{ type: 'Percent', value: 100, periodSeconds: 60 }]);
  expect(behavior.scaleDown).toEqual({
    stabilizationWindowSeconds: 120,
    policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
  });
});
