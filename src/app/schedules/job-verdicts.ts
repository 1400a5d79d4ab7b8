import { AppError } from '../../core/errors.ts';
import type { ScheduleSession } from '../../schedule/job-runs.ts';

/** How the record of a proof that failed begins: all replicas know it by that. A proof that could not be carried out says otherwise. */
export const isolationBroken = 'The isolation of tenants is broken';
/** The same of a verification of the audit trail. */
export const trailBroken = 'The audit trail is not whole';

export interface Verdict {
  readonly bad: boolean;
  readonly detail: string;
}

/**
 * One process tests for all that share the database, so all go by the record of it: what was bad stays bad until a run passes. Runs
 * that failed without having found anything, by not saying `found` first, do not count. Undefined where none has found anything out.
 */
export async function lastVerdict(session: ScheduleSession, job: string, found = ''): Promise<Verdict | undefined> {
  const [last] = await session.query(
    `SELECT outcome, detail FROM ops.job_runs WHERE job = $1 AND (outcome = 'done' OR outcome = 'failed' AND starts_with(detail, $2))
     ORDER BY finished_at DESC LIMIT 1`,
    [job, found],
  );
  return last && { bad: last.outcome === 'failed', detail: last.detail ?? '' };
}

/** Throws where nothing may be served. */
export async function refuseBrokenIsolation(session: ScheduleSession): Promise<void> {
  const verdict = await lastVerdict(session, 'prove', isolationBroken);
  if (!verdict?.bad) return;
  throw new AppError('misconfigured', verdict.detail, {
    hint: 'Find out by zava-mcp-server prove what is open. Once that passes, zava-mcp-server jobs run prove lets servers start again.',
  });
}
