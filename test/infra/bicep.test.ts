import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, readConfig } from '../../src/config/load.ts';
import { type BicepFile, members, namesUsed, readBicep } from './bicep-file.ts';

const infra = new URL('../../infra/', import.meta.url).pathname;
const main = readBicep(join(infra, 'main.bicep'));
const moduleFiles = readdirSync(join(infra, 'modules')).map((name) => `modules/${name}`);
const files = new Map<string, BicepFile>([
  ['main.bicep', main],
  ...moduleFiles.map((path) => [path, readBicep(join(infra, path))] as const),
]);
const every = [...files] as [string, BicepFile][];
const fileOf = (path: string) => files.get(path) as BicepFile;
const app = fileOf('modules/container-app.bicep');
const parameterFiles = [...['dev', 'staging', 'prod'].map((name) => `parameters/${name}.bicepparam`), 'main.bicepparam'];

/** Everything that is evaluated: not the declarations of names. */
const expressions = ({ variables, modules, resources, outputs, params }: BicepFile) =>
  [
    ...variables.values(),
    ...[...modules, ...resources].map(({ body }) => body),
    ...outputs.values(),
    ...params.map(({ byDefault }) => byDefault ?? ''),
  ].join('\n');

test('each module is called by main, exists, and is called with what it takes', () => {
  expect(main.modules.map(({ of }) => of).sort()).toEqual([...moduleFiles].sort());
  for (const { of, body } of main.modules) {
    expect(existsSync(join(infra, of))).toBe(true);
    const given = [...members(body, 'params').keys()];
    const takes = fileOf(of).params;
    expect(given.filter((name) => !takes.some((param) => param.name === name))).toEqual([]);
    expect(takes.filter(({ name, byDefault }) => byDefault === undefined && !given.includes(name))).toEqual([]);
  }
});

test.each(every)('%s uses every parameter and variable that it declares, and no other name', (_path, file) => {
  const used = namesUsed(expressions(file));
  const own = [...file.params.map(({ name }) => name), ...file.variables.keys()];
  expect(own.filter((name) => !used.has(name))).toEqual([]);
  const symbols = [...file.modules, ...file.resources].map(({ symbol }) => symbol);
  const loops = [...file.text.matchAll(/for (\w+) in/g)].map(([, name]) => name as string);
  const language = ['for', 'in', 'if', 'true', 'false', 'null', 'object', 'array', 'string', 'int', 'bool'];
  const functions = [...new Set([...expressions(file).matchAll(/(?<![\w.])(\w+)\(/g)].map(([, name]) => name as string))];
  const known = new Set([...own, ...symbols, ...loops, ...language, ...functions]);
  expect([...used].filter((name) => !known.has(name) && !/^\d/.test(name))).toEqual([]);
});

test('every output that main reads is there, and every output of a module is read', () => {
  const symbols = new Map(main.modules.map(({ symbol, of }) => [symbol, of]));
  const read = [...main.text.matchAll(/(\w+)\.outputs\.(\w+)/g)].map(([, symbol = '', output = '']) => [
    symbols.get(symbol),
    output,
  ]);
  for (const [path, output] of read)
    expect(fileOf(path as string).outputs.has(output as string), `${path}: ${output}`).toBe(true);
  const offered = moduleFiles.flatMap((path) => [...fileOf(path).outputs.keys()].map((output) => [path, output]));
  const unread = offered.filter(([path, output]) => !read.some(([from, name]) => from === path && name === output));
  expect(unread).toEqual([]);
});

describe('secrets', () => {
  const looksSecret = /password|(?:signing|encryption)key$|secret$|token/i;

  test.each(every)('%s marks each secret parameter @secure(), without a default', (_path, { params }) => {
    for (const { name, secure, byDefault, type } of params.filter((param) => looksSecret.test(param.name) || param.secure)) {
      expect({ name, secure, byDefault, type }).toEqual({ name, secure: true, byDefault: undefined, type: 'string' });
    }
  });

  test.each(every)('%s puts none of them into an output, a variable or a tag', (_path, file) => {
    const secure = file.params.filter((param) => param.secure).map(({ name }) => name);
    const told = namesUsed([...file.outputs.values(), ...file.variables.values()].join('\n'));
    expect(secure.filter((name) => told.has(name))).toEqual([]);
    expect([...file.outputs.values()].join('\n')).not.toMatch(/listKeys|ConnectionString|listSecrets|Password/);
  });

  test.each(parameterFiles)('%s reads them from the environment, and gives main all that it needs', (path) => {
    const text = readFileSync(join(infra, path), 'utf8');
    const given = new Map([...text.matchAll(/^param (\w+) = (.*)$/gm)].map(([, name = '', value = '']) => [name, value]));
    for (const { name, secure, byDefault } of main.params) {
      if (byDefault === undefined) expect([...given.keys()]).toContain(name);
      if (secure) expect(given.get(name)).toMatch(/^readEnvironmentVariable\('[A-Z_]+'(?:, '')?\)$/);
    }
    expect([...given.keys()].filter((name) => !main.params.some((param) => param.name === name))).toEqual([]);
    expect(existsSync(join(infra, path, '..', /^using '(.*)'$/m.exec(text)?.[1] ?? 'nothing'))).toBe(true);
  });

  test('the server is not given what the migration may do, nor the migration what the server holds', () => {
    const server = (app.resources.find(({ symbol }) => symbol === 'app') as { body: string }).body;
    expect(server).not.toMatch(/owner|migrator/i);
    const job = (app.resources.find(({ symbol }) => symbol === 'job') as { body: string }).body;
    expect(job).not.toMatch(/serverIdentityId|serverClientId|encryption-key/);
    const resources = [...fileOf('modules/vault.bicep').resources, ...fileOf('modules/keys.bicep').resources];
    const reads = resources.filter(({ symbol }) => symbol.startsWith('serverReads'));
    expect(reads.map(({ body }) => /scope: (\w+)/.exec(body)?.[1]).sort()).toEqual(
      ['encryptionSecret', 'insightsSecret', 'operatorSecret', 'readerSecret', 'scopeSecret'].sort(),
    );
  });
});

describe('names', () => {
  /** https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules */
  const limits: readonly [RegExp, RegExp][] = [
    [/resourceGroups$/, /^[\w.()-]{1,89}[\w()-]$/],
    [/userAssignedIdentities$/, /^[a-z0-9][\w-]{2,127}$/i],
    [/workspaces$/, /^[a-z0-9][a-z0-9-]{2,61}[a-z0-9]$/i],
    [/components$/, /^.{1,260}$/],
    [/virtualNetworks$/, /^[a-z0-9][\w.-]{0,62}\w$/i],
    [/registries$/, /^[a-z0-9]{5,50}$/i],
    [/flexibleServers$/, /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/],
    [/vaults$/, /^[a-z][a-z0-9-]{1,22}[a-z0-9]$/],
    [/storageAccounts$/, /^[a-z0-9]{3,24}$/],
    [/CognitiveServices\/accounts$/, /^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$/],
    [/managedEnvironments$/, /^[a-z][a-z0-9-]{0,30}[a-z0-9]$/],
    [/containerApps$|App\/jobs$/, /^[a-z](?:-?[a-z0-9]){1,31}$/],
    [/actionGroups$/, /^[^:<>+/&%\\?|]{1,259}[^.\s]$/],
  ];

  /** Enough of an evaluator for names: texts, interpolation, take() and replace(). */
  function evaluate(expression: string, known: ReadonlyMap<string, string>): string {
    const source = expression.trim();
    const [, fn, first = '', rest = ''] = /^(take|replace)\(((?:'[^']*'|\w+))\s*,\s*(.*)\)$/.exec(source) ?? [];
    if (fn === 'take') return evaluate(first, known).slice(0, Number(rest));
    if (fn === 'replace') {
      const [from = '', to = ''] = rest.split(',').map((text) => text.trim().slice(1, -1));
      return evaluate(first, known).replaceAll(from, to);
    }
    const text = /^'(.*)'$/.exec(source)?.[1];
    if (text !== undefined) {
      return text.replace(/\$\{((?:[^{}]|\{[^}]*\})*)\}/g, (_whole, inner: string) => evaluate(inner, known));
    }
    const value = known.get(source);
    if (value === undefined) throw new Error(`cannot evaluate ${source}`);
    return value;
  }

  test.each(['dev', 'staging', 'prod'])('of %s are within what Azure takes', (environmentName) => {
    const known = new Map([
      ['environmentName', environmentName],
      ['unique', 'a'.repeat(13)],
      ['registryName', 'zavamcpregistry'],
    ]);
    for (const name of ['prefix', 'compactPrefix']) known.set(name, evaluate(main.variables.get(name) as string, known));
    const named: string[] = [];
    const check = (file: BicepFile, values: ReadonlyMap<string, string>) => {
      for (const { of, body, existing } of file.resources) {
        const type = of.split('@')[0] as string;
        const limit = limits.find(([pattern]) => pattern.test(type))?.[1];
        const name = /^\s{2}name: (.*)$/m.exec(body)?.[1];
        if (existing || limit === undefined || name === undefined) continue;
        const evaluated = evaluate(name, values);
        expect(evaluated, type).toMatch(limit);
        named.push(evaluated);
      }
    };
    check(main, known);
    for (const { of, body } of main.modules) {
      const given = [...members(body, 'params')].filter(([name]) => name === 'name' || name === 'prefix');
      const values = new Map(given.map(([name, value]) => [name, evaluate(value, known)]));
      values.set('appName', 'zava-mcp-server');
      check(fileOf(of), values);
    }
    expect(named.length).toBeGreaterThanOrEqual(14);
    expect(named).toContain('zava-mcp-server-migrate');
  });
});

describe('the containers', () => {
  const placeholders: Record<string, string> = {
    PUBLIC_URL: 'https://zava-mcp-server.example.com',
    ALLOWED_HOSTS: 'zava-mcp-server.example.com',
    AUTH_AUTHORIZATION_SERVERS: 'https://login.microsoftonline.com/tenant/v2.0',
    BACKUP_TARGET: 'https://account.blob.core.windows.net/backups',
    AZURE_KEY_VAULT_URL: 'https://kv.vault.azure.net/',
    AZURE_OPENAI_ENDPOINT: 'https://oai.openai.azure.com/',
    POSTGRES_SERVER_PRINCIPAL_ID: '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    REPLICAS_EXPECTED: '20',
    PORT: '8000',
    POSTGRES_OWNER_URL: 'postgresql://zava_owner:generated@psql.example.com:5432/zava',
    POSTGRES_OPERATOR_URL: 'postgresql://zava_operator:generated@psql.example.com:5432/zava',
  };

  function environmentIn(text: string): Record<string, string> {
    const rows = [...text.matchAll(/\{ name: '([A-Z_]+)', (value|secretRef): (.*) \}/g)];
    return Object.fromEntries(
      rows.map(([, name = '', , value = '']) => [
        name,
        placeholders[name] ?? (/^'([^'$]*)'$/.exec(value)?.[1] || 'from-the-template'),
      ]),
    );
  }

  const bodyOf = (symbol: string) => (app.resources.find((resource) => resource.symbol === symbol) as { body: string }).body;

  test('the server is given every setting that production requires, and none that it does not know', () => {
    const env = environmentIn(bodyOf('app'));
    expect(Object.keys(env).length).toBeGreaterThan(20);
    expect(readConfig({ serving: 'http' }, env).problems).toEqual([]);
    expect(loadConfig({ serving: 'http' }, env)).toMatchObject({ environment: 'production', azureUseManagedIdentity: true });
  });

  test.each(['AZURE_CLIENT_ID', 'POSTGRES_READER_PASSWORD', 'SCOPE_SIGNING_KEY_SECRET_NAME', 'PUBLIC_URL', 'BACKUP_TARGET'])(
    'without %s it would refuse to start, so that this test would notice',
    (name) => {
      const { [name]: _left, ...env } = environmentIn(bodyOf('app'));
      expect(readConfig({ serving: 'http' }, env).problems.map(({ setting }) => setting)).toEqual([name]);
    },
  );

  test('the migration is given what bootstrap and migrate ask for', () => {
    const env = environmentIn(app.variables.get('jobEnv') as string);
    const { problems, config } = readConfig({ serving: 'nothing' }, env);
    expect(problems).toEqual([]);
    const needed = ['postgresServerPrincipalId', 'postgresReaderPassword', 'postgresOwnerUrl', 'postgresOperatorUrl'] as const;
    for (const key of needed) expect(config[key]).toBeDefined();
    expect(config.scopeSigningKeySecretName).toBe('scope-signing-key');
  });

  test('every secret that is referred to is declared, and comes from the vault, which holds it', () => {
    const resources = [...fileOf('modules/vault.bicep').resources, ...fileOf('modules/keys.bicep').resources];
    const held = resources.flatMap(({ of, body }) => (of.includes('vaults/secrets') ? [/name: '([\w-]+)'/.exec(body)?.[1]] : []));
    for (const [symbol, references] of [
      ['app', bodyOf('app')],
      ['job', app.variables.get('jobEnv') as string],
    ] as const) {
      const declared = [...bodyOf(symbol).matchAll(/name: '([\w-]+)'\n\s+keyVaultUrl: '\$\{vaultUrl\}secrets\/([\w-]+)'/g)];
      for (const [, name, secret] of declared) {
        expect(held).toContain(secret);
        expect(name).toBe(secret);
      }
      const referred = [...references.matchAll(/secretRef: '([\w-]+)'/g)].map(([, name]) => name);
      expect([...new Set(referred)].sort()).toEqual(declared.map(([, name]) => name).sort());
    }
    expect(held).toEqual(expect.arrayContaining(['encryption-key', 'scope-signing-key']));
  });

  test('probes ask the paths that are there for it, and the app scales from 2 to 20 by requests and processor', () => {
    const paths = [...bodyOf('app').matchAll(/type: '(\w+)'\n\s+httpGet: \{\n\s+path: '([^']+)'/g)].map(([, type, path]) => [
      type,
      path,
    ]);
    expect(paths).toEqual([
      ['Startup', '/health/live'],
      ['Liveness', '/health/live'],
      ['Readiness', '/health/ready'],
    ]);
    expect(bodyOf('app')).toMatch(/concurrentRequests: '10'[\s\S]*type: 'cpu'[\s\S]*value: '70'/);
    const prod = readFileSync(join(infra, 'parameters/prod.bicepparam'), 'utf8');
    expect(prod).toMatch(/minReplicas = 2\nparam maxReplicas = 20/);
  });
});

test('the two keys are written at the first deployment alone: a later one would undo their rotation', () => {
  const written = every.flatMap(([, { resources }]) =>
    resources.filter(({ body }) => /value: (?:encryptionKey|scopeSigningKey)/.test(body)),
  );
  expect(written.map(({ body }) => body.startsWith('if (install) {'))).toEqual([true, true]);
  expect(main.params.find(({ name }) => name === 'installKeys')?.byDefault).toBe('false');
});

test('the database is version 17, private, and kept for 35 days; logs are kept for 30', () => {
  const { text } = fileOf('modules/postgres.bicep');
  expect(text).toMatch(/version: '17'/);
  expect(text).toMatch(/publicNetworkAccess: 'Disabled'/);
  expect(text).toMatch(/backupRetentionDays: 35\n\s+geoRedundantBackup: geoBackup/);
  expect(text).toMatch(/value: 'VECTOR,PG_TRGM,PG_STAT_STATEMENTS'/);
  expect(fileOf('modules/monitoring.bicep').text).toMatch(/retentionInDays: 30/);
  expect(readFileSync(join(infra, 'parameters/prod.bicepparam'), 'utf8')).toMatch(/'ZoneRedundant'[\s\S]*'Enabled'/);
});
