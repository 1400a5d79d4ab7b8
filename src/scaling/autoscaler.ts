import type { Note } from '../core/observation.ts';
import { decideScale, type ScalingDecision, type ScalingPolicy, type ScalingSignals } from './policy.ts';
import type { ScalingTarget } from './scaling-target.ts';
import type { SignalBoard } from './signal-board.ts';
import { joinSignals } from './signals.ts';

export interface AutoscalerOptions {
  readonly target: ScalingTarget;
  readonly board: SignalBoard;
  /** Of this process; absent where others tell the board and this one only decides. */
  readonly measure?: () => ScalingSignals;
  readonly policy: ScalingPolicy;
  readonly note: Note;
  readonly everyMs?: number;
}

const roundMs = 15_000;

/** Measure, decide, act: every 15 seconds, in one process of all that share the board. */
export function createAutoscaler({ target, board, measure, policy, note, everyMs = roundMs }: AutoscalerOptions) {
  let latest: ScalingDecision | undefined;
  let advised = '';
  let failing = false;
  let running: Promise<unknown> = Promise.resolve();

  const round = async (): Promise<ScalingDecision | undefined> => {
    if (measure !== undefined) await board.tell(measure());
    if (!(await board.lead(3 * everyMs))) {
      latest = undefined;
      return undefined;
    }
    const [current, all, sinceChangeMs] = await Promise.all([target.current(), board.read(), board.sinceChangeMs()]);
    const decision = decideScale({ signals: joinSignals(all), current, sinceChangeMs }, policy);
    latest = decision;
    if (decision.direction === 'stay') return decision;
    // Before the change: one that fails half-way must not be made again at once.
    if (target.adviceOnly === undefined) {
      await board.noteChange();
      await target.scaleTo(decision.desired);
    }
    // Advice stands until it changes, and is said once.
    const { direction, desired, reasons } = decision;
    const said = `${direction} ${desired}`;
    if (target.adviceOnly === undefined || said !== advised) {
      note({ kind: 'scaling_decided', direction, current, desired, reasons, done: target.adviceOnly === undefined });
    }
    advised = said;
    return decision;
  };
  const attempt = async (): Promise<void> => {
    try {
      await round();
      failing = false;
    } catch (error) {
      latest = undefined;
      if (!failing) note({ kind: 'fault_met', where: 'autoscaler', error });
      failing = true;
    }
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    round,
    start(): void {
      timer ??= setInterval(() => {
        running = running.then(attempt);
      }, everyMs).unref();
    },
    /** What there should be as far as this process decides it; undefined where another one does, or nothing is known yet. */
    desired: (): number | undefined => latest?.desired,
    async close(): Promise<void> {
      clearInterval(timer);
      await running;
    },
  };
}

export type Autoscaler = ReturnType<typeof createAutoscaler>;
