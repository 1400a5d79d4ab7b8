// The bars as data: what this server owes, by which figure it is told.

/**
 * @typedef {object} Bar
 * @property {string} text
 * @property {string} [workload] with `concurrency`: a figure of this server under load
 * @property {readonly number[]} [concurrency]
 * @property {string} figure of a load result, or of what is known about a server
 * @property {string} [against] a server's name, or `best peer`: the figure is then a ratio
 * @property {string} [peerWorkload] what the other does, where it is not the same
 * @property {string} [server] whose figure it is, `ours` if not told
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

const fast = [16, 64];
const loaded = [16];

/** @type {readonly Bar[]} */
export const bars = [
  {
    text: 'Q1: calls/s against MCP Toolbox',
    workload: 'Q1',
    concurrency: fast,
    figure: 'callsPerSecond',
    against: 'toolbox',
    atLeast: 1.3,
  },
  { text: 'Q1: server CPU a call, us', workload: 'Q1', concurrency: fast, figure: 'serverCpuUs', atMost: 150 },
  {
    text: 'Q4: calls/s against the best peer',
    workload: 'Q4',
    concurrency: loaded,
    figure: 'callsPerSecond',
    against: 'best peer',
    atLeast: 2,
  },
  { text: 'Q4: server CPU a call, us', workload: 'Q4', concurrency: loaded, figure: 'serverCpuUs', atMost: 3000 },
  {
    text: 'Q5: calls/s against the best peer',
    workload: 'Q5',
    concurrency: loaded,
    figure: 'callsPerSecond',
    against: 'best peer',
    atLeast: 3,
  },
  ...[
    ['Q2', 2],
    ['Q3', 1.4],
    ['Q6', 4],
  ].flatMap(([workload, atLeast]) => [
    {
      text: `${workload}: calls/s against pgbench with the final SQL`,
      workload,
      concurrency: loaded,
      figure: 'callsPerSecond',
      against: 'pgbench-ours',
      atLeast: 0.95,
    },
    {
      text: `${workload}: calls/s against the best peer`,
      workload,
      concurrency: loaded,
      figure: 'callsPerSecond',
      against: 'best peer',
      atLeast,
    },
  ]),
  {
    text: "Q2 by the metrics tool against the best peer's SQL",
    workload: 'M2',
    peerWorkload: 'Q2',
    concurrency: loaded,
    figure: 'callsPerSecond',
    against: 'best peer',
    atLeast: 50,
  },
  {
    text: "Q3 by the metrics tool against the best peer's SQL",
    workload: 'M3',
    peerWorkload: 'Q3',
    concurrency: loaded,
    figure: 'callsPerSecond',
    against: 'best peer',
    atLeast: 20,
  },
  ...['C1', 'C3'].flatMap((workload) => [
    {
      text: `${workload}, repeated and cached: calls/s`,
      workload,
      server: 'ours-cached',
      concurrency: loaded,
      figure: 'callsPerSecond',
      atLeast: 10_000,
    },
    {
      text: `${workload}, repeated and cached: server CPU a call, us`,
      workload,
      server: 'ours-cached',
      concurrency: loaded,
      figure: 'serverCpuUs',
      atMost: 90,
    },
    {
      text: `${workload}, repeated and cached: p99, ms`,
      workload,
      server: 'ours-cached',
      concurrency: loaded,
      figure: 'p99',
      atMost: 5,
    },
  ]),
  { text: '100 identical calls in flight: executions', figure: 'executions', server: 'ours-cached', atMost: 1 },
  { text: 'cold start to the first answer, ms', figure: 'coldStartMs', atMost: 500 },
  { text: 'cold start on the embedded database with its data, ms', figure: 'embeddedStartMs', atMost: 2500 },
  { text: 'first start ever, which makes the data, ms', figure: 'firstStartMs', atMost: 30_000 },
  { text: 'resident memory at rest, MiB', figure: 'idleMib', atMost: 100 },
  { text: 'resident memory under load, MiB', figure: 'loadedMib', atMost: 160 },
  { text: 'tools/list, tokens (bytes / 4)', figure: 'toolsListTokens', atMost: 2000 },
  { text: '100 rows x 8 columns: bytes of the text block', figure: 'hundredRowsTextBytes', atMost: 11_000 },
  { text: '100 rows x 8 columns: bytes of the whole body', figure: 'hundredRowsBodyBytes', atMost: 22_000 },
];

export const peerNames = ['toolbox', 'dbhub', 'reference'];

/**
 * @param {{ results: readonly object[], servers: Record<string, object> }} report
 * @returns {{ text: string, concurrency?: number, value: number, bound: string, met: boolean, off: number, against?: string }[]} only what was measured
 */
export function judge(report, list = bars) {
  return list.flatMap((bar) => (bar.workload === undefined ? judgeFact(bar, report) : judgeLoad(bar, report)));
}

function judgeFact(bar, { servers }) {
  const value = servers[bar.server ?? 'ours']?.[bar.figure];
  return typeof value === 'number' ? [verdict(bar, value)] : [];
}

function judgeLoad(bar, { results }) {
  const figureOf = (server, workload, concurrency) =>
    results.find((result) => result.server === server && result.workload === workload && result.concurrency === concurrency)?.[
      bar.figure
    ];
  return bar.concurrency.flatMap((concurrency) => {
    const own = figureOf(bar.server ?? 'ours', bar.workload, concurrency);
    if (typeof own !== 'number') return [];
    if (bar.against === undefined) return [{ ...verdict(bar, own), concurrency }];
    const others = (bar.against === 'best peer' ? peerNames : [bar.against]).flatMap((server) => {
      const figure = figureOf(server, bar.peerWorkload ?? bar.workload, concurrency);
      return typeof figure === 'number' ? [{ server, figure }] : [];
    });
    if (others.length === 0) return [];
    const best = others.reduce((a, b) => (b.figure > a.figure ? b : a));
    return [{ ...verdict(bar, own / best.figure), concurrency, against: best.server }];
  });
}

/** `off` says how far: 1.25 means a quarter too much, or a bar a quarter higher than the value. */
function verdict({ text, atLeast, atMost }, value) {
  const met = atLeast === undefined ? value <= atMost : value >= atLeast;
  const bound = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
  return { text, value, bound, met, off: atLeast === undefined ? value / atMost : atLeast / value };
}
