/** How far a call is. `progress` grows with every notice; a total is not known. */
export interface Progress {
  readonly progress: number;
  readonly message: string;
}

export type TellProgress = (progress: Progress) => void;

export type ProgressToken = string | number;

/** Every notice repeats the token: a longer one would make an answer many times the size of its request. */
const maxTokenLength = 256;

/** The token under which a request wants to hear of its progress; undefined where it wants none, or names it in no usable form. */
export function progressTokenOf(meta: unknown): ProgressToken | undefined {
  if (typeof meta !== 'object' || meta === null || !('progressToken' in meta)) return undefined;
  const token = meta.progressToken;
  if (typeof token === 'string') return token.length <= maxTokenLength ? token : undefined;
  return Number.isSafeInteger(token) ? (token as number) : undefined;
}

export function progressNotification(progressToken: ProgressToken, progress: Progress) {
  return { method: 'notifications/progress' as const, params: { progressToken, ...progress } };
}

/** Tells of work that takes longer than `everyMs`, and again after each further such while. Returns what ends it. */
export function tellWhileRunning(tell: TellProgress, everyMs: number): () => void {
  let notices = 0;
  const timer = setInterval(() => {
    notices += 1;
    const seconds = Math.round((notices * everyMs) / 1000);
    tell({ progress: notices, message: `Running for ${seconds} s` });
  }, everyMs);
  return () => clearInterval(timer);
}
