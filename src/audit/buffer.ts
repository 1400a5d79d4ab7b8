import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Observation } from '../core/observation.ts';
import { type AuditRecord, auditRecord, isAuditable, type RecordOptions } from './record.ts';
import { createRefusalCounts } from './refusal-counts.ts';

export interface AuditBufferOptions extends Omit<RecordOptions, 'occurredAtMs'> {
  /** Writes a batch in its order, all or nothing, and gives the new head of the chain in hexadecimal. */
  readonly append: (records: readonly AuditRecord[]) => Promise<string>;
  readonly clock: Clock;
  /** The first failure of an outage. */
  readonly onOutage: (error: unknown) => void;
  /** What a stop had to leave unwritten. */
  readonly onUnwritten: (records: readonly AuditRecord[]) => void;
  /** An event waits this long at most for company. What waits is lost in a crash. */
  readonly flushMs?: number;
  readonly maxBatch?: number;
  /** Events that may wait. When they are that many, `admit` refuses calls. */
  readonly capacity?: number;
}

const maxRetryMs = 2_000;

/**
 * Audit events on their way to the database. A call costs one push. While the trail cannot be written events wait and calls go
 * on; when the buffer is full calls are refused, so that nothing is ever done unaudited.
 */
export function createAuditBuffer(options: AuditBufferOptions) {
  const { clock, flushMs = 200, maxBatch = 500, capacity = 10_000, onUnwritten } = options;
  let waiting: { event: Observation; occurredAtMs: number }[] = [];
  const outlet = createOutlet({ ...options, maxBatch });
  const refusals = createRefusalCounts();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let closed = false;

  const size = () => waiting.length + outlet.size();
  const fingerprint = orUnknown(options.fingerprint);
  const recordOf = (event: Observation, occurredAtMs: number) =>
    auditRecord(event, { mask: options.mask, fingerprint, occurredAtMs });
  const handOver = () => {
    const taken = waiting;
    waiting = [];
    // Made here and not in the call: the fingerprint of a statement takes longer than a push.
    outlet.add(taken.flatMap(({ event, occurredAtMs }) => recordOf(event, occurredAtMs) ?? []));
    if (outlet.size() < capacity / 2) outlet.add(refusals.take());
  };
  const drain = async (): Promise<void> => {
    // Not within the push that filled the batch.
    await undefined;
    do {
      handOver();
      await outlet.write();
    } while (waiting.length >= maxBatch && outlet.failures() === 0);
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running ??= drain().finally(() => {
      running = undefined;
      if (size() > 0 && !closed) schedule();
    });
    return running;
  };
  const schedule = () => {
    timer ??= setTimeout(flush, Math.min(maxRetryMs, flushMs * 2 ** outlet.failures())).unref();
  };
  return {
    /** Never throws and never waits. */
    push(event: Observation): void {
      if (!isAuditable(event)) return;
      // Half of the room is theirs, so that a flood of refusals cannot stop calls.
      if (size() >= capacity / 2 && nothingWasDone(event)) {
        const record = recordOf(event, clock.now());
        if (record !== undefined) refusals.add(record);
        return;
      }
      waiting.push({ event, occurredAtMs: clock.now() });
      if (waiting.length >= maxBatch && outlet.failures() === 0) void flush();
      else schedule();
    },
    /** Before every call: refuses it when its event could not be kept. */
    admit(): void {
      if (size() < capacity && !closed) return;
      throw new AppError('overloaded', 'The audit trail cannot be written at the moment, so calls are refused', {
        hint: 'Try again shortly. The operator finds the reason in the log of the server.',
        retryAfterMs: 5000,
      });
    },
    flush,
    /** Head of the chain after this process's last batch. */
    head: outlet.head,
    /** Events that wait. */
    size,
    /** Records of this process that the trail has. */
    written: outlet.written,
    /** Writes what waits, with one more attempt after a failure. */
    async close(): Promise<void> {
      closed = true;
      while (running !== undefined) await running;
      await flush();
      if (size() > 0) await flush();
      clearTimeout(timer);
      handOver();
      outlet.add(refusals.take());
      if (outlet.size() > 0) onUnwritten(outlet.rest());
    },
  };
}

type OutletOptions = Pick<AuditBufferOptions, 'append' | 'onOutage'> & { readonly maxBatch: number };

/** Finished records, written batch by batch. What fails stays at the front, so the order of events is kept. */
function createOutlet({ append, onOutage, maxBatch }: OutletOptions) {
  let unwritten: AuditRecord[] = [];
  let head: string | undefined;
  let failures = 0;
  let written = 0;
  return {
    add(records: readonly AuditRecord[]): void {
      unwritten = unwritten.concat(records);
    },
    async write(): Promise<void> {
      while (unwritten.length > 0) {
        const batch = unwritten.slice(0, maxBatch);
        try {
          head = await append(batch);
        } catch (error) {
          failures += 1;
          if (failures === 1) onOutage(error);
          return;
        }
        failures = 0;
        written += batch.length;
        unwritten = unwritten.slice(batch.length);
      }
    },
    size: () => unwritten.length,
    head: () => head,
    failures: () => failures,
    written: () => written,
    rest: (): readonly AuditRecord[] => unwritten,
  };
}

/** A statement that cannot be fingerprinted must not cost its event. */
function orUnknown(fingerprint: (statement: string) => string) {
  return (statement: string): string => {
    try {
      return fingerprint(statement);
    } catch {
      return 'unknown';
    }
  };
}

function nothingWasDone(event: Observation): boolean {
  if (event.kind === 'request_refused' || event.kind === 'access_refused') return true;
  return event.kind === 'tool_called' && (event.outcome === 'refused' || event.code === 'overloaded');
}
