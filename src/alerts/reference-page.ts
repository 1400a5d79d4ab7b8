import type { Condition, Term, Where } from './condition.ts';
import { needsFacts, promqlOf } from './promql.ts';
import type { AlertRule } from './rules.ts';

/** The text of `docs/reference/alert-rules.md`. */
export function alertReferencePage(rules: readonly AlertRule[]): string {
  const rows = rules.map(
    (rule) =>
      `| ${cellsOf(rule)
        .map((cell) => cell.replaceAll('|', '\\|'))
        .join(' | ')} |`,
  );
  const actions = rules.map(({ name, severity, action }) => `- **${name}** (${severity}): ${action}`);
  return [pageHead, ...rows, '', '## What to do', '', ...actions, ''].join('\n');
}

function cellsOf({ name, condition, forMs, severity, summary }: AlertRule): string[] {
  const seenBy =
    promqlOf(condition, String) === undefined ? 'the server' : needsFacts(condition) ? 'the server, Prometheus in part' : 'both';
  return [`\`${name}\``, conditionText(condition), forMs === 0 ? 'at once' : `${forMs / 60_000} min`, severity, seenBy, summary];
}

/** As `alerts rules` and the page say it. */
export function conditionText(condition: Condition): string {
  if (condition.kind === 'above') return `${termText(condition.term)} > ${condition.than}`;
  const parts = condition.of.map((each) => (each.kind === 'above' ? conditionText(each) : `(${conditionText(each)})`));
  return parts.join(condition.kind === 'all' ? ' and ' : ' or ');
}

function termText(term: Term): string {
  switch (term.kind) {
    case 'gauge':
      return term.by === undefined ? `\`${term.metric}\`` : `\`${term.metric}\` by ${term.by}`;
    case 'increase':
      return `growth of \`${term.metric}\`${whereText(term.where)} in ${term.windowMs / 60_000} min`;
    case 'mean':
      return `mean of \`${term.metric}\`${whereText(term.where)} over ${term.windowMs / 60_000} min`;
    case 'share':
      return `${termText(term.of)} / ${typeof term.whole === 'number' ? term.whole : termText(term.whole)}`;
    case 'fact':
      return term.fact.replaceAll('_', ' ');
  }
}

const whereText = (where: Where | undefined): string => (where === undefined ? '' : ` (${where.label} ${where.in.join(', ')})`);

const pageHead = `# Alert rules

<!-- Made from src/alerts/rules.ts. To change this page, change the table there and run: UPDATE_REFERENCE=1 npx vitest run test/alerts/generated-files.test.ts -->

What names a metric is read from it; the rest the server finds out itself. \`budget\` exists where MONTHLY_BUDGET is set; here for 1,000.
How alerts reach people, when they are repeated and when they end: [alerts](../how-to/alerts.md).

| rule | condition | for | severity | who sees it | what it means |
|---|---|---|---|---|---|`;
