import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { settingEntries } from '../../src/config/schema.ts';

const root = new URL('../../', import.meta.url).pathname;
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const json = (path: string) => JSON.parse(read(path));
const manifest = json('package.json');
const server = json('server.json');
const bundle = json('packaging/manifest.json');
const scripts = Object.keys(manifest.scripts);

test('the package, the registry, the desktop bundle and the image go by one name and one version', () => {
  expect([server.version, server.packages[0].version, bundle.version]).toEqual([
    manifest.version,
    manifest.version,
    manifest.version,
  ]);
  expect(server.name).toBe(manifest.mcpName);
  expect(read('Dockerfile')).toContain(`io.modelcontextprotocol.server.name="${manifest.mcpName}"`);
  expect(server.packages[0].identifier).toBe(manifest.name);
  expect(manifest.repository.url).toBe(`git+${server.repository.url}.git`);
  expect(json('package-lock.json').version).toBe(manifest.version);
});

describe('server.json', () => {
  /** What the registry demands: https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json and its own rules. */
  const input = z.object({
    description: z.string(),
    isRequired: z.boolean().optional(),
    isSecret: z.boolean().optional(),
    isRepeated: z.boolean().optional(),
    default: z.string().optional(),
    choices: z.array(z.string()).optional(),
    format: z.enum(['string', 'number', 'boolean', 'filepath']).optional(),
  });
  const serverJson = z.strictObject({
    $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
    name: z
      .string()
      .min(3)
      .max(200)
      .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
    title: z.string().min(1).max(100),
    description: z.string().min(1).max(100),
    repository: z.strictObject({ url: z.url(), source: z.literal('github') }),
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    packages: z.array(
      z.strictObject({
        registryType: z.literal('npm'),
        registryBaseUrl: z.literal('https://registry.npmjs.org'),
        identifier: z.string(),
        version: z.string().regex(/^\d+\.\d+\.\d+$/),
        runtimeHint: z.literal('npx'),
        transport: z.strictObject({ type: z.literal('stdio') }),
        packageArguments: z.array(input.extend({ type: z.literal('named'), name: z.string().startsWith('--') }).strict()),
        environmentVariables: z.array(input.extend({ name: z.string() }).strict()),
      }),
    ),
  });

  test('is what the registry takes', () => {
    expect(serverJson.safeParse(server).error).toBeUndefined();
    expect(serverJson.safeParse({ ...server, description: 'x'.repeat(101) }).success).toBe(false);
  });

  test('names settings that exist, secrets as secrets, with their defaults', () => {
    for (const variable of server.packages[0].environmentVariables) {
      const [, row] = settingEntries.find(([, setting]) => setting.env === variable.name) ?? [];
      expect(row?.secret, variable.name).toBe(variable.isSecret ?? false);
      expect(row?.defaultText).toBe(variable.default ?? '');
    }
  });
});

test('the desktop bundle has a manifest that its own tool takes', () => {
  const told = execFileSync(`${root}node_modules/.bin/mcpb`, ['validate', `${root}packaging/manifest.json`], {
    encoding: 'utf8',
  });
  expect(told).toContain('validation passes');
  expect(`${root}${bundle.server.entry_point}`).toBe(`${root}${manifest.bin[manifest.name]}`);
});

describe('for editors and clients', () => {
  const vscode = json('.vscode/mcp.json');

  test('VS Code asks for a token for each of the four callers, and keeps none', () => {
    expect(Object.keys(vscode.servers)).toEqual(['zava-head-office', 'zava-seattle', 'zava-redmond', 'zava-online']);
    for (const { type, url, headers } of Object.values<Record<string, Record<string, string>>>(vscode.servers)) {
      expect([type, url]).toEqual(['http', 'http://127.0.0.1:8000/mcp']);
      const [, input] = /^Bearer \$\{input:([\w-]+)\}$/.exec(headers?.Authorization ?? '') ?? [];
      expect(vscode.inputs.find(({ id }: { id: string }) => id === input)).toMatchObject({
        type: 'promptString',
        password: true,
      });
    }
    expect(read('.vscode/mcp.json')).not.toMatch(/eyJ|[0-9a-f]{8}-[0-9a-f]{4}/i);
  });

  test('tasks and launches name scripts and programs that there are', () => {
    const tasks = json('.vscode/tasks.json').tasks as { label: string; type: string; script: string }[];
    for (const { type, script } of tasks) expect([type, scripts.includes(script)]).toEqual(['npm', true]);
    for (const { program, preLaunchTask } of json('.vscode/launch.json').configurations) {
      expect(tasks.map(({ label }) => label)).toContain(preLaunchTask);
      expect(program).toMatch(/^\$\{workspaceFolder\}\/(?:dist\/main\.js|node_modules\/vitest\/vitest\.mjs)$/);
    }
  });

  test('.mcp.json starts the published package', () => {
    expect(json('.mcp.json')).toEqual({ mcpServers: { zava: { command: 'npx', args: ['-y', manifest.name] } } });
  });
});

test('a tool that package.json calls by its path is there', () => {
  const called = Object.values<string>(manifest.scripts).flatMap((script) =>
    [...script.matchAll(/node (\S+\.mjs)/g)].map(([, file]) => file),
  );
  expect(called.length).toBeGreaterThan(10);
  for (const file of called) expect(() => read(file as string)).not.toThrow();
});
