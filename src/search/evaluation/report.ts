import type { Evaluation, SystemResult } from './evaluate.ts';

/** As Markdown, for a terminal and for docs/search.md. */
export function formatEvaluation({ queries, systems, latencyP95, leaveOneKindOut: left }: Evaluation): string {
  const classes = Object.keys(systems[0]?.classes ?? {});
  const head = ['system', 'nDCG@10', 'P@1', 'MRR@10', 'Recall@10', ...classes, 'false positives', 'held back'];
  const row = (result: SystemResult) => [
    result.system,
    ...[result.ndcg, result.precision, result.mrr, result.recall, ...classes.map((name) => result.classes[name] ?? 0)].map(
      figure,
    ),
    figure(result.falsePositives),
    figure(result.heldBack),
  ];
  const table = [head, head.map(() => '---'), ...systems.map(row)].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `${table}

${queries} queries. 95 % were answered within ${latencyP95.again.toFixed(1)} ms, within ${latencyP95.firstTime.toFixed(1)} ms where the question was embedded first.

Leave one kind out: nDCG@10 is ${figure(left.ndcg)} with the trade's words and ${figure(left.ndcgWithoutWords)} without any. With the words of one of the ${left.kinds} kinds asked for left out it is ${figure(left.mean)} on average, and ${figure(left.worst.ndcg)} in the worst case (${left.worst.kind}).
`;
}

const figure = (value: number): string => value.toFixed(2);
