import { AppError } from '../../core/errors.ts';
import type { ScheduleSession } from '../../schedule/job-runs.ts';

/** How the record of a proof that failed begins: all replicas know it by that. A proof that could not be carried out says otherwise. */
export const isolationBroken = 'The isolation of tenants is broken';

/**
 * One process proves for all that share the database, so all of them go by the record of it: what was broken stays broken until
 * a proof passes. Throws where nothing may be served.
 */
export async function refuseBrokenIsolation(session: ScheduleSession): Promise<void> {
  const [latest] = await session.query(
    `SELECT detail FROM ops.job_runs WHERE job = 'prove' AND (outcome = 'done' OR detail LIKE $1)
     ORDER BY finished_at DESC LIMIT 1`,
    [`${isolationBroken}%`],
  );
  if (!latest?.detail?.startsWith(isolationBroken)) return;
  throw new AppError('misconfigured', latest.detail, {
    hint: 'Find out by zava-mcp-server prove what is open. Once that passes, zava-mcp-server jobs run prove lets servers start again.',
  });
}

/** Looks again and again. A database that is away says nothing about isolation. */
export function watchIsolation(session: ScheduleSession, onBroken: () => void, everyMs = 15_000): { close(): Promise<void> } {
  const look = () =>
    refuseBrokenIsolation(session).catch((error) => {
      if (error instanceof AppError && error.code === 'misconfigured') onBroken();
    });
  const timer = setInterval(look, everyMs).unref();
  return { close: async () => clearInterval(timer) };
}
