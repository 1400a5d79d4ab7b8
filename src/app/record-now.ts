import { type AuditSession, createAppend } from '../audit/append.ts';
import { type AuditRecord, auditRecord } from '../audit/record.ts';
import type { Clock } from '../core/clock.ts';
import type { Observation } from '../core/observation.ts';
import { mask } from '../telemetry/mask.ts';

/** What a command did, in the audit trail before the command says so. The session's role must be allowed to append. */
export async function recordNow(session: AuditSession, clock: Clock, observations: readonly Observation[]): Promise<void> {
  const records = recordsOf(clock, observations);
  if (records.length > 0) await createAppend(session)(records);
}

export function recordsOf(clock: Clock, observations: readonly Observation[]): AuditRecord[] {
  const occurredAtMs = clock.now();
  // No command runs a caller's statement.
  const fingerprint = () => '';
  return observations.flatMap((observation) => auditRecord(observation, { occurredAtMs, fingerprint, mask }) ?? []);
}
