/** Waits so long and no longer. The work itself goes on: what becomes of it is for whoever began it. */
export async function within<T>(
  timeoutMs: number,
  work: Promise<T>,
  late: () => unknown = () => new Error(`no answer within ${timeoutMs} ms`),
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
