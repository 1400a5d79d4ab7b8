export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Progress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
}

const BAR_WIDTH = 24;
const ERASE_TO_END_OF_LINE = '\u001b[K';

/** One line a step: on a terminal it fills while the step runs, elsewhere it is written once the step is done. */
export function createProgressBar(stream: ProgressStream) {
  let shown = '';
  return {
    update(progress: Progress): void {
      const finished = progress.done >= progress.total;
      if (stream.isTTY !== true) {
        if (finished) stream.write(`${progress.step}: ${grouped(progress.total)}\n`);
        return;
      }
      const line = drawBar(progress).slice(0, (stream.columns ?? 80) - 1);
      if (line !== shown) stream.write(`\r${line}${ERASE_TO_END_OF_LINE}`);
      if (finished) stream.write('\n');
      shown = finished ? '' : line;
    },
    /** Leaves an interrupted bar on its own line. */
    end(): void {
      if (shown !== '') stream.write('\n');
      shown = '';
    },
  };
}

function drawBar({ step, done, total }: Progress): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * BAR_WIDTH);
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}`;
  return `[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${step} ${grouped(done)} of ${grouped(total)}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
