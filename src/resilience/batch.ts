export type Outcome<T> = { readonly value: T } | { readonly error: unknown };

export interface BatchOptions {
  /** Items in work at a time, held at every moment. */
  readonly concurrency?: number;
  /** Ends the taking of items; those in work are told by it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, failed: number) => void;
}

/**
 * Does the same to many items and says of each how it went, in the items' order. An item is taken only when there is room for
 * it, so a source that makes its items one by one is never ahead of the work. After an abort the outcomes are those of the
 * items taken until then: a beginning of the whole.
 */
export async function runBatch<Item, T>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item, index: number, signal: AbortSignal | undefined) => Promise<T>,
  { concurrency = 10, signal, onProgress }: BatchOptions = {},
): Promise<Outcome<T>[]> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const outcomes: Outcome<T>[] = [];
  let taken = 0;
  let failed = 0;
  let done = 0;
  let exhausted = false;
  /** Asynchronous sources are asked one question at a time. */
  let asking: Promise<unknown> = Promise.resolve();
  const take = (): Promise<IteratorResult<Item>> => {
    const next = asking.then(() =>
      exhausted || signal?.aborted ? ({ done: true, value: undefined } as IteratorReturnResult<undefined>) : source.next(),
    );
    asking = next.catch(() => {
      exhausted = true;
    });
    return next;
  };

  const workOn = async () => {
    for (;;) {
      const next = await take();
      if (next.done) {
        exhausted = true;
        return;
      }
      const index = taken++;
      try {
        outcomes[index] = { value: await work(next.value, index, signal) };
      } catch (error) {
        outcomes[index] = { error };
        failed += 1;
      }
      done += 1;
      onProgress?.(done, failed);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: concurrency }, workOn));
  if (signal?.aborted) await source.return?.();
  const broken = workers.find((worker) => worker.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return outcomes;
}
