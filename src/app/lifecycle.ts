const stopDeadlineMs = 25_000;

/** Resolves with the name of the signal that asks the process to end. A second one ends it at once. */
export function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(1));
        resolve(signal);
      });
    }
  });
}

/** Closes one part after the other, the outermost first, all under one deadline. A part that fails does not keep the rest open. */
export async function closeInOrder(parts: readonly (() => Promise<void>)[], deadlineMs = stopDeadlineMs): Promise<void> {
  const closeAll = async () => {
    for (const close of parts) await close().catch(() => {});
  };
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs);
  });
  await Promise.race([closeAll(), deadline]);
  clearTimeout(timer);
}
