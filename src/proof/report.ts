import { createHash } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { CatalogFacts } from './catalog.ts';
import type { Finding } from './finding.ts';
import type { ProbeResult } from './probe.ts';

export interface ProofReport {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly passed: boolean;
  readonly subject: {
    readonly database: string;
    readonly server: string;
    readonly schema: string;
    readonly role_prefix: string;
    readonly serving_login: string;
  };
  /** How many of each kind of fact were looked at. */
  readonly inspected: Readonly<Record<string, number>>;
  /** SHA-256 of everything that was looked at: the same catalogue gives the same digest, whenever it is inspected. */
  readonly catalogue_digest: string;
  readonly findings: readonly Finding[];
  readonly probes: readonly ProbeResult[];
  /** SHA-256 of the report without this line, as compact JSON. */
  readonly digest: string;
}

export interface ReportOptions {
  readonly date: Date;
  readonly subject: ProofReport['subject'];
  readonly facts: CatalogFacts;
  readonly findings: readonly Finding[];
  readonly probes: readonly ProbeResult[];
}

export function createReport({ date, subject, facts, findings, probes }: ReportOptions): ProofReport {
  const content = {
    date: date.toISOString(),
    passed: findings.every(({ severity }) => severity !== 'fault') && probes.length > 0 && probes.every(({ passed }) => passed),
    subject,
    inspected: Object.fromEntries(
      Object.entries(facts).flatMap(([kind, list]) => (Array.isArray(list) ? [[kind, list.length]] : [])),
    ),
    catalogue_digest: sha256(facts),
    findings,
    probes,
  };
  return { ...content, digest: sha256(content) };
}

/** Whether a filed report is the one that was written. */
export function isUnaltered({ digest, ...content }: ProofReport): boolean {
  return sha256(content) === digest;
}

const sha256 = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** For the file of a security officer. */
export function formatReport(report: ProofReport): string {
  const { subject } = report;
  const faults = report.findings.filter(({ severity }) => severity === 'fault');
  const failed = report.probes.filter(({ passed }) => !passed);
  const lines = [
    'PROOF OF TENANT ISOLATION',
    '',
    `Date           ${report.date}`,
    `Result         ${report.passed ? 'PASSED' : 'FAILED'}`,
    `Database       ${subject.database} (${subject.server}), schema ${subject.schema}`,
    `Roles          ${subject.role_prefix}_…, serving login ${subject.serving_login}`,
    `Inspected      ${Object.entries(report.inspected)
      .map(([kind, count]) => `${count} ${kind.replace(/([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)}`)
      .join(', ')}`,
    `Catalogue      sha256:${report.catalogue_digest}`,
    '',
    `FINDINGS: ${faults.length} faults, ${report.findings.length - faults.length} notices`,
    ...report.findings.flatMap((finding) => [
      `  [${finding.severity}] ${finding.id}: ${finding.where} ${finding.what}`,
      `      remedy: ${finding.remedy}`,
    ]),
    '',
    `PROBES: ${report.probes.length} carried out, ${failed.length} failed`,
    ...report.probes.map((probe) => `  [${probe.passed ? 'held' : 'BROKEN'}] ${probe.name}: ${probe.detail}`),
    '',
    `Report         sha256:${report.digest}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** How much is broken. 0 of a report that has not passed: nobody answered some of its probes, so that nothing is proved. */
export function faultsIn({ findings, probes }: Pick<ProofReport, 'findings' | 'probes'>): number {
  const faults = findings.filter(({ severity }) => severity === 'fault');
  return faults.length + probes.filter(({ passed, unanswered }) => !passed && !unanswered).length;
}

export const unproved = () =>
  new AppError(
    'dependency_unavailable',
    'The proof of isolation could not be carried out: the database did not answer all of it',
    {
      hint: 'It is tried again; zava-mcp-server prove tells what was not answered.',
    },
  );
