// Whether it held: no wrong answer, no audit record lost beyond the documented window, each fault told of once and ended once.

/** docs/explanation/audit.md: what waits is lost in a crash, 200 ms and the batch that is being written. */
const auditWindowMs = 1000;

/** @typedef {import('./callers.mjs').Told} Told */

/**
 * @param {Map<string, number>} audited how often each request stands in the trail
 * @param {readonly Told[]} told
 * @param {readonly { replica: string, at: number }[]} killed
 */
export function auditOf(audited, told, killed) {
  // Whoever was cut off has no answer that could be compared.
  const answered = told.filter(({ requestId, outcome }) => requestId !== undefined && outcome !== 'cut off');
  const missing = answered.filter(({ requestId }) => !audited.has(requestId));
  const inWindow = ({ replica, at }) =>
    killed.some((death) => death.replica === replica && at <= death.at + auditWindowMs && at >= death.at - auditWindowMs);
  return {
    answered: answered.length,
    missingInWindow: missing.filter(inWindow).length,
    lost: missing.filter((one) => !inWindow(one)).length,
    twice: answered.filter(({ requestId }) => audited.get(requestId) > 1).length,
  };
}

/**
 * How often each alert was told of, and of its end.
 *
 * @param {readonly { rule: string, kind: string, severity: string, about: object, at: number }[]} notices
 * @param {readonly { name: string, rule: string }[]} timeline
 */
export function alertsOf(notices, timeline) {
  const of = (rule, kind) => notices.filter((notice) => notice.rule === rule && notice.kind === kind);
  const expected = timeline.map(({ rule }) => ({
    rule,
    fired: of(rule, 'firing').length,
    resolved: of(rule, 'resolved').length,
  }));
  const others = [...new Set(notices.map(({ rule }) => rule))]
    .filter((rule) => !timeline.some((fault) => fault.rule === rule))
    .map((rule) => ({ rule, fired: of(rule, 'firing').length, resolved: of(rule, 'resolved').length }));
  return { expected, others };
}

/** @returns {{ held: boolean, complaints: string[] }} */
export function verdictOn({ alerts, told, audit, timeline }) {
  const wrong = told.filter(({ outcome }) => outcome === 'wrong');
  const unexpected = told.filter(({ outcome }) => outcome === 'unexpected');
  const sample = ({ code, said }) => `${code}: ${said}`;
  const complaints = [
    ...(told.some(({ outcome }) => outcome === 'right') ? [] : ['no call was answered']),
    ...wrong.slice(0, 3).map((one) => `wrong answer: ${sample(one)}`),
    ...unexpected.slice(0, 3).map((one) => `unexpected failure: ${sample(one)}`),
    ...(audit.lost === 0 ? [] : [`${audit.lost} answered calls have no audit record`]),
    ...alerts.expected
      .filter(({ fired, resolved }) => fired !== 1 || resolved !== 1)
      .map(({ rule, fired, resolved }) => `${rule} fired ${fired} times and was resolved ${resolved} times`),
    ...timeline
      .filter(({ rule }) => timeline.filter((other) => other.rule === rule).length > 1)
      .map(({ rule }) => `${rule} stands for two faults`),
  ];
  return { held: complaints.length === 0, complaints };
}
