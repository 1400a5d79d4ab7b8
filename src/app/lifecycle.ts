const stopDeadlineMs = 25_000;

export type Close = () => Promise<void>;

export interface ClosingOptions {
  /** For all parts together. */
  readonly deadlineMs?: number | undefined;
  /** A part has failed to close, or those that are left did not close in time. */
  readonly onFault?: (error: unknown) => void;
}

/**
 * Closes one part after the other, the outermost first, and those of a list at the same time; all under one deadline. A part that fails
 * does not keep the rest open.
 */
export async function closeInOrder(parts: readonly (Close | readonly Close[])[], options: ClosingOptions = {}): Promise<void> {
  const { deadlineMs = stopDeadlineMs, onFault = () => {} } = options;
  const closeOne = async (close: Close) => {
    try {
      await close();
    } catch (error) {
      onFault(error);
    }
  };
  const closeAll = async () => {
    for (const part of parts) await Promise.all([part].flat().map(closeOne));
  };
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onFault(new Error(`not all has closed within ${deadlineMs / 1000} s`));
      resolve();
    }, deadlineMs);
  });
  await Promise.race([closeAll(), deadline]);
  clearTimeout(timer);
}
