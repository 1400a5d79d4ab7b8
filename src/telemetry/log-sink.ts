import type { Clock } from '../core/clock.ts';
import type { Note, Observation } from '../core/observation.ts';
import { mask } from './mask.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Takes whole lines, each with its line break. A stream does, and so does a log file. */
export interface LineWriter {
  write(line: string): unknown;
  /** Where lines wait for company: writes them now. */
  flush?(): void;
}

export interface LogSinkOptions {
  /** stderr under stdio, where stdout belongs to the protocol. */
  readonly stream: LineWriter;
  readonly clock: Clock;
  readonly level?: LogLevel;
}

const frequent: ReadonlySet<Observation['kind']> = new Set([
  'tool_called',
  'task_asked',
  'request_refused',
  'access_refused',
  'scope_narrowed',
  'request_answered',
  'statement_ran',
  'texts_embedded',
  'tokens_counted',
  'caller_recognised',
]);

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** One JSON object a line, masked throughout: a line break in a value is escaped, so nobody can forge a line. */
export function createLogSink({ stream, clock, level = 'info' }: LogSinkOptions): Note {
  const least = order.indexOf(level);
  return (observation) => {
    const severity = severityOf(observation);
    if (order.indexOf(severity) < least) return;
    const { kind } = observation;
    const facts: Record<string, unknown> = {};
    for (const name in observation) if (!untold.has(name)) facts[name] = observation[name as keyof Observation];
    const head = `{"time":"${new Date(clock.now()).toISOString()}","level":"${severity}","event":"${kind}"`;
    const told = JSON.stringify(mask(facts)).slice(1);
    stream.write(`${head}${told === '}' ? '' : ','}${told}\n`);
    // What happens rarely is what somebody waits for.
    if (severity === 'error' || !frequent.has(kind)) stream.flush?.();
  };
}

/** The kind stands in the line's head. What a caller writes may hold personal data: the log tells of the call, not of its words. */
const untold: ReadonlySet<string> = new Set(['kind', 'statement', 'arguments', 'usage']);

function severityOf(observation: Observation): LogLevel {
  switch (observation.kind) {
    case 'fault_met':
      return 'error';
    case 'slow_query':
    case 'request_refused':
      return 'warn';
    // Measures: what became of a call is told by other lines.
    case 'request_answered':
    case 'statement_ran':
    case 'texts_embedded':
    case 'tokens_counted':
      return 'debug';
    case 'circuit_changed':
      return observation.state === 'closed' ? 'info' : 'warn';
    case 'health_changed':
      return observation.to === 'healthy' ? 'info' : 'warn';
    case 'self_tested':
      return observation.passed ? 'info' : 'error';
    case 'job_ended':
      return observation.outcome === 'failed' || observation.outcome === 'abandoned' ? 'error' : 'info';
    case 'tool_called':
    case 'task_asked':
      return observation.outcome === 'answered' ? 'info' : 'warn';
    // Of every request: what it did is told by other lines.
    case 'caller_recognised':
      return 'debug';
    case 'alert_told':
      return observation.state === 'firing' || observation.state === 'reminder' ? 'error' : 'info';
    default:
      return 'info';
  }
}
