import type { Clock } from '../../core/clock.ts';

export interface ChangeNoticesOptions {
  /** Addresses of the resources that a change of the table may alter. */
  readonly urisOf: (table: string) => readonly string[];
  readonly tell: (uri: string) => void;
  readonly clock: Clock;
  /** A resource is told of at most once in this time, the latest change always. */
  readonly everyMs?: number;
}

/** From changes of tables to notices: a load of thousands of rows is one notice, or two. */
export function createChangeNotices({ urisOf, tell, clock, everyMs = 30_000 }: ChangeNoticesOptions) {
  const toldAt = new Map<string, number>();
  const waiting = new Map<string, NodeJS.Timeout>();
  const tellNow = (uri: string) => {
    waiting.delete(uri);
    toldAt.set(uri, clock.monotonic());
    tell(uri);
  };
  return {
    tableChanged(table: string): void {
      for (const uri of urisOf(table)) {
        if (waiting.has(uri)) continue;
        const wait = (toldAt.get(uri) ?? Number.NEGATIVE_INFINITY) + everyMs - clock.monotonic();
        if (wait <= 0) tellNow(uri);
        else waiting.set(uri, setTimeout(tellNow, wait, uri).unref());
      }
    },
    close(): void {
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}
