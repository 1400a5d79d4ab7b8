import { table } from '../report.mjs';

const seconds = (ms) => (ms / 1000).toFixed(1);
const countsOf = (told) => {
  const counts = {};
  for (const { outcome, code } of told) {
    if (outcome === 'right') continue;
    const name = code === undefined ? outcome : `${outcome}: ${code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`);
};

/** @param {Awaited<ReturnType<typeof import('./run.mjs').runChaos>>} run */
export function chaosReport({ minutes, pace, timeline, told, audit, alerts, held, complaints }) {
  const during = ({ from, until }) => told.filter(({ at }) => at >= from && at < until);
  const calm = told.filter(({ at }) => !timeline.some(({ from, until }) => at >= from && at < until + 5000));
  const faults = timeline.map((fault) => {
    const { fired = 0, resolved = 0 } = alerts.expected.find(({ rule }) => rule === fault.rule) ?? {};
    const calls = during(fault);
    return [
      fault.name,
      `\`${fault.rule}\``,
      seconds(fault.fired - fault.from),
      seconds(fault.ended - fault.from),
      fault.until - fault.ended < 500 ? '–' : seconds(fault.until - fault.ended),
      `${fired} / ${resolved}`,
      String(calls.length),
      String(calls.filter(({ outcome }) => outcome === 'wrong').length),
      countsOf(calls).join(', ') || 'none',
    ];
  });
  return [
    `**${held ? 'It held.' : 'It did not hold.'}** ${minutes.toFixed(1)} minutes, ${told.length} calls. Rules were evaluated every ${pace.everyMs / 1000} s, their times ${pace.speedUp} times as short as in production.`,
    ...(held ? [] : [complaints.map((complaint) => `- ${complaint}`).join('\n')]),
    table(
      [
        ...['fault', 'alert', 'fired after, s', 'ended after, s', 'resolved after its end, s', 'told / ended'],
        ...['calls meanwhile', 'wrong', 'not answered'],
      ],
      faults,
    ),
    table(
      ['', ''],
      [
        ['answers compared with the database’s own, value by value', told.filter(({ outcome }) => outcome === 'right').length],
        ['wrong answers', told.filter(({ outcome }) => outcome === 'wrong').length],
        ['failures that nobody may be told', told.filter(({ outcome }) => outcome === 'unexpected').length],
        ['refused or cut off while nothing was wrong (and 5 s after)', calm.filter(({ outcome }) => outcome !== 'right').length],
        ['answered calls looked up in the audit trail', audit.answered],
        ['without a record: lost', audit.lost],
        ['without a record: within the documented window of the killed replica', audit.missingInWindow],
        ['with two records', audit.twice],
        ['slowest call, ms', Math.max(...told.map(({ ms }) => Math.round(ms)))],
      ].map((row) => row.map(String)),
    ),
    ...(alerts.others.length === 0
      ? []
      : [`Told besides: ${alerts.others.map(({ rule, fired, resolved }) => `\`${rule}\` ${fired} / ${resolved}`).join(', ')}.`]),
  ].join('\n\n');
}
