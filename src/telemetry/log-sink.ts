import type { Writable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { Note, Observation } from '../core/observation.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogSinkOptions {
  /** stderr under stdio, where stdout belongs to the protocol. */
  readonly stream: Writable;
  readonly clock: Clock;
  readonly level?: LogLevel;
}

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** One JSON object a line: a line break in a value is escaped, so nobody can forge a line. */
export function createLogSink({ stream, clock, level = 'info' }: LogSinkOptions): Note {
  const least = order.indexOf(level);
  return (observation) => {
    const severity = severityOf(observation);
    if (order.indexOf(severity) < least) return;
    const { kind, ...facts } = observation;
    const line = { time: new Date(clock.now()).toISOString(), level: severity, event: kind, ...facts };
    stream.write(`${JSON.stringify(line, describeErrors)}\n`);
  };
}

function severityOf(observation: Observation): LogLevel {
  switch (observation.kind) {
    case 'fault_met':
      return 'error';
    case 'slow_query':
    case 'request_refused':
      return 'warn';
    case 'tool_called':
      return observation.outcome === 'answered' ? 'info' : 'warn';
    default:
      return 'info';
  }
}

function describeErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? errorFacts(value, 0) : value;
}

const maxCauses = 5;

/** Message, code, stack and causes. A driver's other properties may hold parameters and rows: they stay out. */
function errorFacts(error: Error, depth: number): object {
  const own = error as { code?: unknown };
  return {
    name: error.name,
    ...(typeof own.code === 'string' ? { code: own.code } : {}),
    message: error.message,
    ...(error instanceof AppError ? {} : { stack: error.stack }),
    ...(error.cause instanceof Error && depth < maxCauses ? { cause: errorFacts(error.cause, depth + 1) } : {}),
  };
}
