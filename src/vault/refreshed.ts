export interface RefreshedOptions<T> {
  readonly load: () => Promise<T>;
  readonly everyMs: number;
  /** The first failure of an outage; the last good value goes on being used. */
  readonly onFailure: (error: unknown) => void;
}

/** A value from outside that is asked for again in the background, and kept while nobody answers. */
export interface Refreshed<T> {
  current(): T;
  /** Asks now. Never throws: what failed was told to `onFailure`. */
  refresh(): Promise<void>;
  close(): void;
}

/** Fails only when the first value cannot be had. */
export async function keepRefreshed<T>({ load, everyMs, onFailure }: RefreshedOptions<T>): Promise<Refreshed<T>> {
  let value = await load();
  let failing = false;
  let running: Promise<void> | undefined;
  const ask = async () => {
    try {
      value = await load();
      failing = false;
    } catch (error) {
      if (!failing) onFailure(error);
      failing = true;
    }
  };
  const refresh = () => {
    running ??= ask().finally(() => {
      running = undefined;
    });
    return running;
  };
  const timer = setInterval(refresh, everyMs).unref();
  return { current: () => value, refresh, close: () => clearInterval(timer) };
}
