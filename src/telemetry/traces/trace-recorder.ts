import type { Clock } from '../../core/clock.ts';
import { cutText } from '../../core/cut-text.ts';
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
  call: RecordedCall | undefined;
}

type Of<K extends Observation['kind']> = Extract<Observation, { kind: K }>;

const mostContent = 16_384;
const mostOpen = 2000;

/**
 * Gathers what is noted anyway by request id: whoever works for a request says how long it took, and the tree of spans follows from
 * that when somebody wants it. So nothing is carried through the calls, and a call pays for a few look-ups whether its trace is
 * exported or not.
 */
export function createTraceRecorder({ clock, withContent = false, onRequest, keep = 1000 }: TraceRecorderOptions) {
  const open = new Map<string, Open>();
  /** Answered, while their calls go on as tasks. */
  const outlived = new Map<string, RecordedRequest>();
  /** A ring: looked through when an operator asks, which is rare. */
  const kept: RecordedRequest[] = [];
  let next = 0;

  const openOf = (requestId: string): Open => {
    const known = open.get(requestId);
    if (known !== undefined) return known;
    // What never ends, such as a page of the dashboard, is not worth the memory of what does.
    makeRoom(open);
    const made = { statements: [], call: undefined };
    open.set(requestId, made);
    return made;
  };
  const keepOne = (recorded: RecordedRequest) => {
    kept[next] = recorded;
    next = (next + 1) % keep;
    onRequest?.(recorded);
  };
  const contentOf = (text: string | undefined) => (withContent && text !== undefined ? cutText(text, mostContent) : undefined);

  const ran = ({ outcome, durationMs, rowCount, statement }: Of<'statement_ran'>, requestId: string) => {
    const content = contentOf(statement);
    openOf(requestId).statements.push({ outcome, durationMs, rowCount, endedAt: clock.now(), content });
  };
  const called = ({ requestId, tool, code, durationMs, arguments: given }: Of<'tool_called'>) => {
    const content = contentOf(given);
    const endedAt = clock.now();
    const one = openOf(requestId);
    one.call = { tool, code, durationMs, endedAt, content };
    if (outlived.size === 0 || !outlived.delete(requestId)) return;
    open.delete(requestId);
    keepOne({ requestId, statements: one.statements, call: one.call, end: undefined, endedAt });
  };
  const answered = (end: Of<'request_answered'>) => {
    const { requestId } = end;
    const found = open.get(requestId);
    open.delete(requestId);
    const recorded = { requestId, statements: found?.statements ?? [], call: found?.call, end, endedAt: clock.now() };
    if (end.method === 'tools/call' && end.outcome === 'answered' && found?.call === undefined) {
      makeRoom(outlived);
      outlived.set(requestId, recorded);
    }
    keepOne(recorded);
  };
  const note: Note = (observation) => {
    if (observation.kind === 'tool_called') called(observation);
    else if (observation.kind === 'request_answered') answered(observation);
    else if (observation.kind === 'statement_ran' && observation.requestId !== undefined) ran(observation, observation.requestId);
  };
  return {
    note,
    /** One of the last thousand; of a call that went on as a task, what the task did once it has ended. */
    find(requestId: string): RecordedRequest | undefined {
      const found = kept.filter((recorded) => recorded.requestId === requestId);
      return found.find(({ end }) => end === undefined) ?? found[0];
    },
  };
}

/** The oldest goes. */
function makeRoom(map: Map<string, unknown>): void {
  if (map.size < mostOpen) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
