/** The architecture as rules: who may import whom (docs/explanation/architecture.md draws the picture). */
const floors = [
  ['main'],
  ['cli'],
  ['app'],
  ['mcp', 'http'],
  ['retail', 'search', 'metrics', 'proof', 'advisor', 'health', 'alerts', 'backup', 'cost', 'scaling', 'contribute'],
  ['query'],
  ['identity', 'postgres', 'cache', 'resilience', 'vault', 'audit', 'telemetry', 'schedule'],
  ['core'],
];

/** A folder of `src/`, or the file `src/main.ts`. */
const place = (name) => (name === 'main' ? '^src/main\\.ts$' : `^src/${name}/`);
const anyOf = (names) => names.map(place).join('|');

const upward = floors.flatMap((floor, level) => {
  const above = floors.slice(0, level).flat();
  return above.length === 0
    ? []
    : [
        {
          name: `downward-only-${floor[0]}`,
          comment: 'Imports run downwards: a lower floor does not know the ones above it.',
          severity: 'error',
          from: { path: anyOf(floor) },
          to: { path: anyOf(above) },
        },
      ];
});

const neighbours = floors
  .filter((floor) => floor.length > 1)
  .flatMap((floor) =>
    floor.map((name) => ({
      name: `no-neighbour-${name}`,
      comment: 'Folders on one floor do not know each other: app/compose.ts introduces them.',
      severity: 'error',
      from: { path: place(name) },
      to: { path: anyOf(floor.filter((other) => other !== name)) },
    })),
  );

const driver = (name, files) => ({
  name: `driver-${name}`,
  comment: `The package ${name} is named in its adapter alone.`,
  severity: 'error',
  from: { path: '^src/', pathNot: files },
  to: { path: `^node_modules/${name}/` },
});

module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    ...upward,
    ...neighbours,
    {
      name: 'config-for-app-and-cli',
      comment: 'Parts receive the few settings they need as arguments.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|cli|config)/' },
      to: { path: '^src/config/' },
    },
    {
      name: 'adapters-for-the-app',
      comment:
        'Which technology stands behind a port is decided in app/adapters.ts (and in the CLI commands that set a database up).',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|cli)/|^src/postgres/' },
      to: { path: '^src/postgres/(pool-database|embedded-database|embedded-session|owner-session|standby-probe)\\.ts$' },
    },
    {
      name: 'embedders-for-the-app',
      comment: 'Which model stands behind the embedder port is decided in app/embedding.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/app/embedding\\.ts$' },
      to: { path: '^src/search/embedding/(local|azure-openai)-embedder\\.ts$' },
    },
    {
      name: 'blob-stores-for-the-app',
      comment: 'Where backups are kept is decided in app/backups/backup-store.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/app/backups/backup-store\\.ts$' },
      to: { path: '^src/backup/(file|azure)-blob-store\\.ts$' },
    },
    {
      name: 'approve-for-the-guard',
      comment: 'Only the guard makes an ApprovedQuery; everyone else may name the type.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/query/guard\\.ts$' },
      to: { path: '^src/query/approval\\.ts$' },
    },
    { name: 'no-index', severity: 'error', from: {}, to: { path: '^src/.*/index\\.ts$' } },
    { name: 'src-knows-no-tests', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|bench|tools|examples)/' } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        path: '^src/',
        pathNot: '^src/(main|postgres/embedded-worker|search/embedding/local-embedding-worker)\\.ts$',
      },
      to: {},
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    driver('pg', '^src/postgres/(connection-pools|pool-database|owner-session|standby-probe|table-listener|tenant-query)\\.ts$'),
    driver('@electric-sql', '^src/postgres/embedded-session\\.ts$'),
    driver('libpg-query', '^src/query/guard-rules/(parser|deparse)\\.ts$'),
    driver('jose', '^src/identity/'),
    driver('redis', '^src/resilience/redis-connection\\.ts$'),
    driver('@redis', '^src/resilience/redis-connection\\.ts$'),
    driver('@modelcontextprotocol', '^src/(mcp|http)/'),
    driver(
      '@azure',
      '^src/(vault/azure-(key-vault|identity)|backup/azure-blob-store)\\.ts$|^src/telemetry/export/azure-monitor-exporters\\.ts$',
    ),
    driver('@opentelemetry', '^src/telemetry/export/'),
    {
      name: 'export-for-the-app',
      comment: 'OpenTelemetry is loaded where the settings name a receiver: by app/telemetry/telemetry-export.ts, lazily.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|telemetry/export)/' },
      to: { path: '^src/telemetry/export/' },
    },
    driver('openai', '^src/search/embedding/azure-openai-embedder\\.ts$'),
    driver('@energetic-ai', '^src/search/embedding/local-embedding-worker\\.ts$'),
    driver('stemmer', '^src/search/words/'),
    driver('dictionary-en', '^src/search/words/'),
    driver('croner', '^src/schedule/cron\\.ts$'),
    driver('pino', '^src/telemetry/'),
    driver('nodemailer', '^src/alerts/channels/email-channel\\.ts$'),
    {
      name: 'channels-for-the-app',
      comment: 'Which channels alerts go to is decided in app/alerting/alerting.ts.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app/alerting/alerting\\.ts$|alerts/channels/)' },
      to: { path: '^src/alerts/channels/\\w+-channel\\.ts$' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: '^node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
