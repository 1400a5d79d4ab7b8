import type { Clock } from '../../core/clock.ts';
import type { Note, Observation } from '../../core/observation.ts';
import type { RecordedCall, RecordedRequest, RecordedStatement } from './recorded-request.ts';

export interface TraceRecorderOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Whether what callers wrote may be kept and exported: SQL, and the arguments of tools. */
  readonly withContent?: boolean;
  /** Told of every request that has ended. */
  readonly onRequest?: ((recorded: RecordedRequest) => void) | undefined;
  /** Requests that are kept. */
  readonly keep?: number;
}

interface Open {
  readonly statements: RecordedStatement[];
  call?: RecordedCall;
}

const mostContent = 16_384;
const mostOpen = 2000;

/**
 * Gathers what is noted anyway by request id: whoever works for a request says how long it took, and the tree of spans follows from
 * that. So nothing is carried through the calls, and a call pays for a few look-ups whether its trace is exported or not.
 */
export function createTraceRecorder({ clock, withContent = false, onRequest, keep = 1000 }: TraceRecorderOptions) {
  const open = new Map<string, Open>();
  const kept = new Map<string, RecordedRequest>();

  const openOf = (requestId: string): Open => {
    const known = open.get(requestId);
    if (known !== undefined) return known;
    // What never ends, such as a page of the dashboard, is not worth the memory of what does.
    makeRoom(open, mostOpen);
    const made = { statements: [] };
    open.set(requestId, made);
    return made;
  };
  const take = (requestId: string): Open => {
    const found = open.get(requestId) ?? { statements: [] };
    open.delete(requestId);
    return found;
  };
  const contentOf = (text: () => string | undefined) => (withContent ? { content: text()?.slice(0, mostContent) } : {});

  const called = ({ requestId, tool, code, durationMs, arguments: given }: Of<'tool_called'>) => {
    const content = contentOf(() => JSON.stringify(given));
    const call = { tool, code, durationMs, endedAt: clock.now(), ...content };
    const before = kept.get(requestId);
    if (before === undefined) {
      openOf(requestId).call = call;
      return;
    }
    // It became a task: its request was answered before it ended.
    const { statements } = take(requestId);
    kept.set(requestId, { ...before, call, statements });
    onRequest?.({ requestId, call, statements });
  };
  const answered = ({ kind: _, requestId, ...end }: Of<'request_answered'>) => {
    const recorded = { requestId, ...take(requestId), end: { ...end, endedAt: clock.now() } };
    makeRoom(kept, keep);
    kept.set(requestId, recorded);
    onRequest?.(recorded);
  };
  const note: Note = (observation) => {
    switch (observation.kind) {
      case 'statement_ran': {
        const { requestId, outcome, durationMs, rowCount, statement } = observation;
        if (requestId === undefined) return;
        const content = contentOf(() => statement);
        openOf(requestId).statements.push({ outcome, durationMs, rowCount, endedAt: clock.now(), ...content });
        return;
      }
      case 'tool_called':
        called(observation);
        return;
      case 'request_answered':
        answered(observation);
        return;
      default:
        return;
    }
  };
  return {
    note,
    /** One of the last thousand. */
    find: (requestId: string): RecordedRequest | undefined => kept.get(requestId),
  };
}

type Of<K extends Observation['kind']> = Extract<Observation, { kind: K }>;

/** The oldest goes. */
function makeRoom(map: Map<string, unknown>, most: number): void {
  if (map.size < most) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
