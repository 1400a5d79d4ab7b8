import { judge, peerNames } from './bars.mjs';

const absent = '–';
const number = (value, digits = 0) =>
  typeof value === 'number' && Number.isFinite(value)
    ? value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
    : absent;
/** Three figures that count. */
const rounded = (value) => number(value, value >= 100 ? 0 : value >= 10 ? 1 : 2);
const mib = (kib) => (typeof kib === 'number' ? kib / 1024 : undefined);

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
export function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * @param {object} report what was measured, as it is kept in the JSON beside
 * @returns {string} Markdown
 */
export function renderReport(report) {
  const sections = [
    `# Benchmark: ${report.name}, ${report.date}`,
    report.caveat === undefined ? undefined : `> ${report.caveat}`,
    conditions(report),
    '## Bars',
    barsTable(report),
    '## Load',
    ...report.workloads.map((workload) => loadSection(workload, report)),
    '## Servers',
    serversTable(report),
    notes(report),
  ];
  return `${sections.filter((section) => section !== undefined && section !== '').join('\n\n')}\n`;
}

function conditions({ machine, options, settings, tenant, absentServers = [] }) {
  const { postgresql } = machine;
  return [
    `- Machine: ${machine.processor}, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}; load average at the start ${number(machine.loadAtStart, 2)}. Load generator, servers and PostgreSQL share it.`,
    `- PostgreSQL ${postgresql.server_version}: shared_buffers ${postgresql.shared_buffers}, fsync ${postgresql.fsync}; jit off and work_mem 8MB for every login; connections of others at the start: ${machine.otherConnections}.`,
    `- This server ${machine.version}, commit ${machine.commit}; the asker is the manager of ${tenant.name}.`,
    `- ${options.rounds} rounds of ${options.seconds} s, servers in turn, medians; ${options.concurrency.join(', ')} calls in flight. Every answer is checked.`,
    ...Object.entries(settings).map(([server, values]) => `- Settings of ${server}: ${JSON.stringify(values)}`),
    ...absentServers.map(({ title, why }) => `- Not measured: ${title}: ${why.split('\n')[0]}`),
  ].join('\n');
}

function barsTable(report) {
  const judged = judge(report);
  if (judged.length === 0) return 'None of the bars was measured.';
  return table(
    ['bar', 'in flight', 'owed', 'measured', 'met'],
    judged.map(({ text, concurrency, bound, value, met, off, against }) => [
      against === undefined || text.includes(against) ? text : `${text} (${against})`,
      concurrency ?? absent,
      bound,
      rounded(value),
      met ? 'yes' : `no, off by ${off === Number.POSITIVE_INFINITY ? 'all' : `${number(off, 2)} x`}`,
    ]),
  );
}

function loadSection({ id, title }, { results, servers }) {
  const own = results.filter(({ workload }) => workload === id);
  if (own.length === 0) return undefined;
  const obstacles = own.filter(({ obstacle }) => obstacle !== undefined);
  const measured = own.filter(({ obstacle }) => obstacle === undefined);
  const ratio = (result) => {
    const ours = measured.find(({ server, concurrency }) => server === 'ours' && concurrency === result.concurrency);
    return result.server === 'ours' || ours === undefined ? absent : number(ours.callsPerSecond / result.callsPerSecond, 2);
  };
  const titleOf = (server) => servers[server]?.title ?? server;
  const head = [
    'in flight',
    'server',
    'calls/s',
    'ours / it',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'errors',
    'bytes',
    'server CPU us',
    'PostgreSQL CPU us',
    'generator CPU us',
  ];
  const rows = measured.map((result) => [
    result.concurrency,
    titleOf(result.server) + (result.cachedShare > 0 ? ` (${number(result.cachedShare * 100)} % cached)` : ''),
    rounded(result.callsPerSecond),
    ratio(result),
    result.p50 === undefined && result.mean !== undefined ? `mean ${rounded(result.mean)}` : rounded(result.p50),
    rounded(result.p95),
    rounded(result.p99),
    number(result.errors),
    number(result.bytes),
    number(result.serverCpuUs),
    number(result.postgresCpuUs),
    number(result.generatorCpuUs),
  ]);
  return [
    `### ${id}: ${title}`,
    ...(rows.length === 0 ? [] : [table(head, rows)]),
    ...obstacles.map(({ server, obstacle }) => `${titleOf(server)}: ${obstacle}.`),
  ].join('\n\n');
}

function serversTable({ servers }) {
  const entries = Object.values(servers).filter(({ tools }) => tools !== undefined);
  if (entries.length === 0) return '';
  return table(
    [
      'server',
      'cold start ms',
      'MiB at rest',
      'MiB after one answer',
      'MiB under load',
      'peak MiB',
      'tools',
      'tools/list bytes',
      'tokens (bytes / 4)',
      '100 x 8: text bytes',
      '100 x 8: body bytes',
    ],
    entries.map((server) => [
      server.title,
      number(server.coldStartMs),
      number(server.idleMib),
      number(server.answeredMib),
      number(server.loadedMib),
      number(server.peakMib),
      server.tools.length,
      number(server.toolsListBytes),
      number(server.toolsListTokens),
      number(server.hundredRowsTextBytes),
      number(server.hundredRowsBodyBytes),
    ]),
  );
}

function notes({ results, servers, flight }) {
  const faulty = results.filter(({ errors }) => errors > 0);
  const hasPeers = Object.keys(servers).some((name) => peerNames.includes(name));
  const lines = [
    flight === undefined
      ? undefined
      : `- ${flight.count} identical calls in flight: ${flight.right} right answers, ${flight.executions ?? 'an unknown number of'} executions in the database.${flight.right === flight.count ? '' : ` A refusal: \`${flight.faults[0].replaceAll('`', "'").slice(0, 200)}\``}`,
    '- RESULT_MAX_TOKENS of this server is raised for Q4; authentication, guard, tenant scope and audit are on, and rate limits so high that they never act.',
    hasPeers
      ? '- Peers and pgbench on their database have the tenant fixed at login, no authentication, no guard and no audit: they do less.'
      : undefined,
    hasPeers ? '- Q5 is one call of `get_multiple_table_schemas` here and a query of the catalogue for the others.' : undefined,
    "- PostgreSQL's CPU is that of all its processes: other clients of the same cluster count in.",
    ...faulty.map(
      ({ server, workload, concurrency, errors, samples = [] }) =>
        `- ${errors} wrong answers of ${server}, ${workload}, ${concurrency} in flight: \`${String(samples[0]).replaceAll('`', "'").slice(0, 200)}\``,
    ),
  ];
  return ['## Notes', lines.filter((line) => line !== undefined).join('\n')].join('\n\n');
}

/** What is known about a server, with what its load has shown. @param {object} server @param {readonly object[]} results */
export function withMemory(server, name, results) {
  const own = results.filter((result) => result.server === name);
  const highest = (key) => {
    const values = own.map((result) => result[key]).filter((value) => typeof value === 'number');
    return values.length === 0 ? undefined : mib(Math.max(...values));
  };
  return {
    ...server,
    idleMib: mib(server.idleKib),
    answeredMib: mib(server.answeredKib),
    loadedMib: highest('residentKib'),
    peakMib: highest('peakKib'),
    ...(server.toolsListBytes === undefined ? {} : { toolsListTokens: Math.ceil(server.toolsListBytes / 4) }),
  };
}
