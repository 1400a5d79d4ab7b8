import { readTrail } from '../../audit/trail.ts';
import { verifyAudit } from '../../audit/verify.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Note } from '../../core/observation.ts';
import type { Database } from '../../postgres/database.ts';
import { readMigrations } from '../../postgres/migrate.ts';
import { nothingToProve, prove } from '../../proof/prove.ts';
import { faultsIn, type ProofReport, unproved } from '../../proof/report.ts';
import { createTenantDirectory } from '../../query/tenant-directory.ts';
import { createHeadSigner } from '../../vault/head-signer.ts';
import type { KeyRing } from '../../vault/key-ring.ts';
import type { ScopeKey } from '../../vault/scope-key.ts';
import { auditCheckpoints } from '../audit-trail.ts';
import type { NamedLogin } from '../named-session.ts';
import type { ServedSchema } from '../served-schema.ts';
import { isolationBroken, trailBroken } from './job-verdicts.ts';

export interface SelfTestOptions {
  readonly config: Config;
  readonly served: Pick<ServedSchema, 'definition' | 'migrations'>;
  readonly database: Database;
  readonly signingKey: () => ScopeKey;
  /** Of the encryption keys, which sign the heads of the trail. */
  readonly ring: () => KeyRing;
  /** Whoever may read the trail: the server's own login may not. */
  readonly auditor: NamedLogin;
  readonly clock: Clock;
  readonly note: Note;
}

/** Looks whether the server can still be trusted. Each notes what it found, and fails where that is bad. */
export function createSelfTests(options: SelfTestOptions) {
  const { config, served, database, signingKey, ring, auditor, clock, note } = options;
  const { definition } = served;
  const fail = (message: string, hint: string) => new AppError('internal', message, { hint });

  return {
    async isolation(): Promise<string> {
      const report = await prove({
        database,
        definition,
        prefix: config.postgresRolePrefix,
        signingKey,
        clock,
        tenants: await createTenantDirectory({ database, definition, clock })(),
        migrations: await readMigrations(served.migrations),
      });
      if (isEmpty(report)) return nothingToProve.detail;
      if (!report.passed && faultsIn(report) === 0) throw unproved();
      const detail = verdictOf(report);
      note({ kind: 'self_tested', test: 'isolation', passed: report.passed, detail });
      if (report.passed) return detail;
      throw fail(`${isolationBroken}: ${detail}`, 'Run zava-mcp-server prove, and serve nothing until it passes.');
    },
    async auditChain(signal: AbortSignal): Promise<string> {
      // Checkpoints first: a head that was signed by then is in the records, too.
      const checkpoints = await auditCheckpoints(config).readAll();
      const verdict = await auditor.run(signal, (session) =>
        verifyAudit({ records: readTrail(session), checkpoints, verifySignature: createHeadSigner(ring()).verify }),
      );
      const { fault } = verdict;
      const detail = fault?.message ?? `${verdict.events} records, ${verdict.checkpoints} signed heads among them`;
      note({ kind: 'self_tested', test: 'audit_chain', passed: fault === undefined, detail });
      if (fault === undefined) return detail;
      throw fail(`${trailBroken}: ${detail}`, 'Keep the database and the heads as they are, and find out who wrote to them.');
    },
  };
}

/** A database before its data: neither good nor bad. Faults of its structure are bad all the same. */
function isEmpty({ probes, findings }: ProofReport): boolean {
  return probes.every(({ name }) => name === nothingToProve.name) && findings.every(({ severity }) => severity !== 'fault');
}

function verdictOf({ findings, probes }: ProofReport): string {
  const faults = findings.filter(({ severity }) => severity === 'fault').map(({ id, where }) => `${id} ${where}`);
  const broken = probes.filter(({ passed }) => !passed).map(({ name }) => name);
  const bad = [...faults, ...broken];
  if (bad.length === 0) return `${probes.length} probes held`;
  return bad.length > 3 ? `${bad.slice(0, 3).join('; ')}; and ${bad.length - 3} more` : bad.join('; ');
}
