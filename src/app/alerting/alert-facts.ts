import { setTimeout as delay } from 'node:timers/promises';
import type { CallerWatch } from '../../alerts/caller-watch.ts';
import type { Fact, FactName, Facts } from '../../alerts/readings.ts';
import type { Clock } from '../../core/clock.ts';
import type { Note } from '../../core/observation.ts';

/** One number, or several with what each is about. Undefined: it could not be found out. */
export type Look = () => Promise<number | readonly Fact[] | undefined>;

export interface LookedUp {
  readonly everyMs: number;
  readonly look: Look;
}

export interface AlertFactsOptions {
  readonly callers: Pick<CallerWatch, 'facts'>;
  readonly clock: Clock;
  readonly note: Note;
  /** What is found out by looking, and how often. */
  readonly looks: Partial<Record<FactName, LookedUp>>;
}

interface Looking extends LookedUp {
  readonly name: FactName;
  dueAt: number;
  found: readonly Fact[] | undefined;
  running: Promise<void> | undefined;
  failing: boolean;
}

/** After a look that failed, at the latest. */
const retryMs = 300_000;

/** What a turn waits for; what takes longer is known in the turn after. */
const patienceMs = 3000;

/** What rules need beside metrics: what callers do, and what is looked up from time to time. */
export function createAlertFacts({ callers, clock, note, looks }: AlertFactsOptions) {
  const closing = new AbortController();
  const all = Object.entries(looks).map(
    ([name, { everyMs, look }]): Looking => ({
      ...{ name: name as FactName, everyMs, look, dueAt: clock.monotonic() },
      ...{ found: undefined, running: undefined, failing: false },
    }),
  );
  const lookUp = async (each: Looking) => {
    try {
      const found = await each.look();
      each.found = typeof found === 'number' ? [{ labels: {}, value: found }] : found;
      each.failing = false;
    } catch (error) {
      // What was found before is not true any more, and nothing else is known.
      each.found = undefined;
      if (closing.signal.aborted) return;
      each.dueAt = clock.monotonic() + Math.min(each.everyMs, retryMs);
      // Once an outage, not once a look.
      if (!each.failing) note({ kind: 'fault_met', where: `alert fact ${each.name}`, error });
      each.failing = true;
    }
  };
  const begin = (each: Looking, now: number) => {
    if (each.running !== undefined || now < each.dueAt) return;
    each.dueAt = now + each.everyMs;
    each.running = lookUp(each).finally(() => {
      each.running = undefined;
    });
  };
  const facts: Facts = (name) => {
    const looked = all.find((each) => each.name === name);
    return looked === undefined ? callers.facts(name) : looked.found;
  };
  return {
    facts,
    /** Looks where it is time, and waits a moment for what is found. */
    async look(): Promise<void> {
      for (const each of all) begin(each, clock.monotonic());
      await Promise.race([
        delay(patienceMs, undefined, { signal: closing.signal, ref: false }).catch(() => {}),
        Promise.all(all.map(({ running }) => running)),
      ]);
    },
    /** What looks on is not waited for, and what becomes of it is nobody's business any more. */
    close(): void {
      closing.abort();
    },
  };
}
export type AlertFacts = ReturnType<typeof createAlertFacts>;
