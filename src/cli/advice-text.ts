import type { IndexReport } from '../advisor/advise-indexes.ts';
import type { QueryReport } from '../advisor/advise-queries.ts';
import type { Applied } from '../advisor/apply-advice.ts';

/** For a person at a terminal. */
export function formatIndexReport(report: IndexReport, applied: readonly Applied[]): string {
  const lines: string[] = [];
  for (const { what, outcome, detail } of applied)
    lines.push(`${outcome === 'done' ? 'done  ' : 'FAILED'}  ${what}`, `        ${detail}`);
  if (applied.length > 0) lines.push('');
  const width = Math.max(0, ...report.recommendations.map(({ index }) => index.length));
  for (const { status, index, detail } of report.recommendations)
    lines.push(`${status.padEnd(9)}  ${index.padEnd(width)}  ${detail}`);
  section(lines, 'Missing, by what has been asked:', report.advice.flatMap(adviceLines));
  section(
    lines,
    'Indexes that are there:',
    report.standing.flatMap(({ kind, index, bytes, why, remedy }) => [
      `${kind}  ${index} (${size(bytes)}): ${why}`,
      `  ${remedy}`,
    ]),
  );
  section(
    lines,
    'Statistics:',
    report.statistics.flatMap(({ table, why, remedy }) => [`${table}: ${why}`, `  ${remedy}`]),
  );
  section(
    lines,
    'Looked at and not advised:',
    report.not_advised.map(({ index, reason }) => `${index}: ${reason}`),
  );
  section(lines, '', report.notes);
  return `${lines.join('\n')}\n`;
}

function section(lines: string[], title: string, content: readonly string[]): void {
  if (content.length > 0) lines.push('', ...(title === '' ? [] : [title]), ...content);
}

function adviceLines({
  create,
  why,
  measured,
  helps,
  saved_ms,
  write_ms,
  writes_per_second,
  bytes,
}: IndexReport['advice'][number]): string[] {
  const cost = [
    `spares ${time(saved_ms)} of the time counted so far`,
    `costs writers ${time(write_ms)} (${writes_per_second.toFixed(1)} rows/s)`,
    ...(bytes === undefined ? [] : [`about ${size(bytes)}`]),
    measured ? 'measured with hypopg' : 'not measured here',
  ];
  return [
    `${create};`,
    ...why.map((reason) => `  ${reason}`),
    `  ${cost.join(' · ')}`,
    ...helps.map(
      (one) =>
        `  cost ${Math.round(one.cost_before)} → ${Math.round(one.cost_after)}, ${one.calls} calls of ${time(one.mean_ms)}: ${one.text}`,
    ),
  ];
}

export function formatQueryReport({ statements, notes }: QueryReport): string {
  const lines = statements.flatMap((one) => [
    `${Math.round(100 * one.share)} %  ${one.calls} calls of ${time(one.mean_ms)} as ${one.login}, ${one.rows_per_call.toFixed(one.rows_per_call < 10 ? 1 : 0)} rows each`,
    `  ${one.text}`,
    ...one.causes.map(({ cause, hint }) => `  ${cause}: ${hint}`),
    ...(one.instead === undefined ? [] : [`  instead: ${one.instead}`]),
    ...(one.caching === undefined
      ? []
      : [`  caching: for ${one.caching.ttl_s} s it would spare up to ${time(one.caching.spared_ms)}`]),
    '',
  ]);
  return `${[...(statements.length === 0 ? ['No statement on a table has been counted.', ''] : lines), ...notes].join('\n').trimEnd()}\n`;
}

const time = (ms: number) =>
  ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(2)} ms`;

const size = (bytes: number) =>
  bytes >= 1024 * 1024 ? `${(bytes / 1024 / 1024).toFixed(1)} MiB` : `${Math.ceil(bytes / 1024)} KiB`;
