const stopDeadlineMs = 25_000;

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
