import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import type { ScalingTarget } from './scaling-target.ts';

export interface ContainerAppsOptions {
  /** `/subscriptions/…/resourceGroups/…/providers/Microsoft.App/containerApps/<name>`. */
  readonly resourceId: string;
  /** Gets a token for `https://management.azure.com/.default`, of an identity that may write this container app and nothing else. */
  readonly token: () => Promise<string>;
  /** Of the resource manager: another cloud, or a stand-in. */
  readonly endpoint?: string;
  readonly timeoutMs?: number;
  readonly fetch?: typeof globalThis.fetch;
}

const apiVersion = '2024-03-01';

/** The part of a container app that scaling is about: https://learn.microsoft.com/rest/api/containerapps/container-apps/get */
const containerApp = z.object({
  properties: z.object({
    provisioningState: z.string().optional(),
    latestReadyRevisionName: z.string().optional(),
    template: z.object({ scale: z.object({ minReplicas: z.number().nullish(), maxReplicas: z.number().nullish() }).nullish() }),
  }),
});
const revision = z.object({ properties: z.object({ replicas: z.number().nullish() }) });

/**
 * Replicas of an Azure container app, by the resource manager's REST API. What is set is the floor (`minReplicas`): the
 * platform's own rules may run more than that, up to its `maxReplicas`, and none are needed for this to work.
 */
export function createContainerApps(options: ContainerAppsOptions): ScalingTarget {
  const { resourceId, token, endpoint = 'https://management.azure.com', timeoutMs = 10_000, fetch = globalThis.fetch } = options;

  const ask = async (method: 'GET' | 'PATCH', path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${endpoint}${resourceId}${path}?api-version=${apiVersion}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { Authorization: `Bearer ${await token()}`, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw refusal(method, response.status, text);
    // 202 has no body: the change is under way.
    return text === '' ? undefined : JSON.parse(text);
  };
  const read = async () => {
    const { properties } = containerApp.parse(await ask('GET', ''));
    const { provisioningState, latestReadyRevisionName, template } = properties;
    return {
      changing: provisioningState === 'InProgress',
      floor: template.scale?.minReplicas ?? 0,
      most: template.scale?.maxReplicas ?? 10,
      ready: latestReadyRevisionName,
    };
  };

  return {
    async current() {
      const { floor, ready } = await read();
      if (ready === undefined) return floor;
      const { properties } = revision.parse(await ask('GET', `/revisions/${encodeURIComponent(ready)}`));
      // Replicas that the platform is still starting are counted by the floor.
      return Math.max(floor, properties.replicas ?? 0);
    },
    async scaleTo(count) {
      const { changing, floor, most } = await read();
      if (floor === count) return;
      if (changing) {
        throw new AppError('dependency_unavailable', 'The container app is being changed already', {
          hint: 'Nothing was changed; the next round tries again.',
        });
      }
      await ask('PATCH', '', { properties: { template: { scale: { minReplicas: count, maxReplicas: Math.max(count, most) } } } });
    },
  };
}

/** What the resource manager says is for the log: it names resources, and never a credential. */
function refusal(method: string, status: number, text: string): AppError {
  const said = /"code"\s*:\s*"([A-Za-z]{1,64})"/.exec(text)?.[1] ?? 'no reason given';
  const code = status === 401 || status === 403 || status === 404 ? 'misconfigured' : 'dependency_unavailable';
  return new AppError(code, `Azure answered the ${method} of the container app with ${status} (${said})`, {
    hint: 'The identity needs the role Container Apps Contributor on the container app that AUTOSCALE_CONTAINER_APP names.',
  });
}
