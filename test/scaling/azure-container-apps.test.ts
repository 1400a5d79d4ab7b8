import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createContainerApps } from '../../src/scaling/azure-container-apps.ts';

/** A stand-in for the resource manager on loopback: it answers as the REST API's reference says, and is not Azure. */
const resourceId = '/subscriptions/0000/resourceGroups/zava/providers/Microsoft.App/containerApps/zava-mcp';
const app = {
  minReplicas: 2 as number | null,
  maxReplicas: 10 as number | null,
  state: 'Succeeded',
  ready: 'zava-mcp--r1' as string | undefined,
  running: 3,
};
let refuse: { status: number; body: string } | undefined;
let asked: { method: string; url: string; authorization: string | undefined; body: unknown }[] = [];

const read = async (request: IncomingMessage) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? undefined : JSON.parse(text);
};
const server = createServer(async (request, response) => {
  const { method = '', url = '', headers } = request;
  asked.push({ method, url, authorization: headers.authorization, body: await read(request) });
  if (refuse !== undefined) return response.writeHead(refuse.status).end(refuse.body);
  if (method === 'PATCH') return response.writeHead(202, { Location: '/operations/1' }).end();
  const path = url.split('?')[0];
  const answer =
    path === resourceId
      ? {
          id: resourceId,
          properties: {
            provisioningState: app.state,
            latestReadyRevisionName: app.ready,
            template: { containers: [], scale: { minReplicas: app.minReplicas, maxReplicas: app.maxReplicas, rules: null } },
          },
        }
      : { name: app.ready, properties: { replicas: app.running, active: true } };
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
});

let target: ReturnType<typeof createContainerApps>;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  target = createContainerApps({ resourceId, token: async () => 'a token', endpoint });
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  refuse = undefined;
  Object.assign(app, { minReplicas: 2, maxReplicas: 10, state: 'Succeeded', ready: 'zava-mcp--r1', running: 3 });
});

test('counts the replicas of the ready revision, and no fewer than its floor', async () => {
  expect(await target.current()).toBe(3);
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `GET ${resourceId}?api-version=2024-03-01`,
    `GET ${resourceId}/revisions/zava-mcp--r1?api-version=2024-03-01`,
  ]);
  expect(asked.every(({ authorization }) => authorization === 'Bearer a token')).toBe(true);
  app.minReplicas = 5;
  expect(await target.current()).toBe(5);
  Object.assign(app, { ready: undefined, minReplicas: null });
  expect(await target.current()).toBe(0);
});

test('sets the floor, leaves the rest of the template alone, and raises the ceiling where it must', async () => {
  await target.scaleTo(4);
  expect(asked.at(-1)).toMatchObject({
    method: 'PATCH',
    url: `${resourceId}?api-version=2024-03-01`,
    body: { properties: { template: { scale: { minReplicas: 4, maxReplicas: 10 } } } },
  });
  await target.scaleTo(12);
  expect(asked.at(-1)?.body).toEqual({ properties: { template: { scale: { minReplicas: 12, maxReplicas: 12 } } } });
});

test('changes nothing that is as it should be, or is being changed', async () => {
  await target.scaleTo(2);
  app.state = 'InProgress';
  await expect(target.scaleTo(3)).rejects.toMatchObject({
    code: 'dependency_unavailable',
    message: expect.stringContaining('being changed already'),
  });
  expect(asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
});

test.each([
  [
    403,
    '{"error":{"code":"AuthorizationFailed","message":"The client has no permission"}}',
    'misconfigured',
    'AuthorizationFailed',
  ],
  [404, '{"error":{"code":"ResourceNotFound"}}', 'misconfigured', 'ResourceNotFound'],
  [409, '{"error":{"code":"ContainerAppOperationInProgress"}}', 'dependency_unavailable', 'ContainerAppOperationInProgress'],
  [429, '', 'dependency_unavailable', 'no reason given'],
  [500, '<html>', 'dependency_unavailable', 'no reason given'],
])('a refusal with %i tells what Azure calls it, and no token', async (status, body, code, said) => {
  refuse = { status, body };
  const error = await target.current().catch((failure: unknown) => failure as Error);
  expect(error).toMatchObject({ code, message: `Azure answered the GET of the container app with ${status} (${said})` });
  expect(JSON.stringify(error)).not.toContain('a token');
});
