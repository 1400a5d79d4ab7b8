import type { ScalingPolicy } from './policy.ts';

/** What platforms scale by in place of our own measurements: they see requests, not the queue in front of the database. */
const requestsPerReplica = 10;
const platformCpuPercent = 70;

/**
 * `properties.template.scale` of a container app. The platform scales up by the highest of the rules and knows no cooldown up;
 * for Bicep: `scale: loadJsonContent('container-apps-scale.json')`.
 */
export function containerAppsScale({ min, max, up, cooldownDownMs }: ScalingPolicy) {
  const utilization = (value: number) => ({ metadata: { type: 'Utilization', value: String(value) } });
  return {
    minReplicas: min,
    maxReplicas: max,
    cooldownPeriod: cooldownDownMs / 1000,
    pollingInterval: 30,
    rules: [
      { name: 'requests', http: { metadata: { concurrentRequests: String(requestsPerReplica) } } },
      { name: 'cpu', custom: { type: 'cpu', ...utilization(platformCpuPercent) } },
      { name: 'memory', custom: { type: 'memory', ...utilization(up.memoryPercent) } },
    ],
  };
}

/** A KEDA ScaledObject for Kubernetes, as JSON that kubectl takes: https://keda.sh/docs/latest/reference/scaledobject-spec/ */
export function kedaScaledObject({ min, max, up, cooldownUpMs, cooldownDownMs, upBy }: ScalingPolicy, prometheus: string) {
  const more = upBy === 'step' ? { type: 'Pods', value: 1 } : { type: 'Percent', value: 100 };
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'zava-mcp-server' },
    spec: {
      scaleTargetRef: { name: 'zava-mcp-server' },
      minReplicaCount: min,
      maxReplicaCount: max,
      pollingInterval: 15,
      advanced: {
        horizontalPodAutoscalerConfig: {
          behavior: {
            scaleUp: { policies: [{ ...more, periodSeconds: cooldownUpMs / 1000 }] },
            scaleDown: {
              stabilizationWindowSeconds: cooldownDownMs / 1000,
              policies: [{ type: 'Pods', value: 1, periodSeconds: cooldownDownMs / 1000 }],
            },
          },
        },
      },
      triggers: [
        { type: 'cpu', metricType: 'Utilization', metadata: { value: String(platformCpuPercent) } },
        { type: 'memory', metricType: 'Utilization', metadata: { value: String(up.memoryPercent) } },
        {
          type: 'prometheus',
          metadata: {
            serverAddress: prometheus,
            query: 'sum(database_connections_waiting)',
            threshold: String(up.queue),
          },
        },
      ],
    },
  };
}
