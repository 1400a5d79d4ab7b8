import { type Candidate, candidateBody } from './candidate.ts';
import type { Table } from './catalogue.ts';
import { estimateCost } from './estimate.ts';
import type { Planner } from './planner.ts';
import type { ColumnSample } from './read-samples.ts';
import { costOf, type Workpiece } from './workpieces.ts';

/** An index that the workload as a whole is better off with. */
export interface ChosenIndex {
  readonly candidate: Candidate;
  readonly helps: readonly { readonly piece: Workpiece; readonly costBefore: number; readonly costAfter: number }[];
  /** Milliseconds that the counted calls would have been spared, all together, and those that writing it would have taken. */
  readonly savedMs: number;
  readonly writeMs: number;
  readonly bytes: number | undefined;
  readonly measured: boolean;
}

export interface RefusedIndex {
  readonly candidate: Candidate;
  readonly reason: string;
}

/** Milliseconds that one more entry takes in a B-tree, and in a GIN index with its many entries a row. */
const entryMs = { btree: 0.01, gin: 0.05 } as const;
/** A statement gains where its cost falls to this part or less, and each call by a tenth of a millisecond. */
const mostCostLeft = 0.7;
const leastSavedMs = 0.1;
const fewestCalls = 5;
/** So much cheaper must an index be to be taken in place of a smaller one. */
const nearly = 1.3;
/** Part of the statements' time that is no reason to prefer anything. */
const noise = 0.01;
/** An index of a quarter of the size, such as one of few rows, may leave more. */
const muchSmaller = { part: 0.25, mayLeave: 0.05 } as const;
const mostChosen = 6;
/** Part of the statements' time that another index must spare on top, and so must columns beside the keys: both make writes dearer. */
const leastSpared = 0.1;

interface Trial {
  readonly candidate: Candidate;
  readonly bytes: number | undefined;
  readonly measured: boolean;
  readonly costs: ReadonlyMap<Workpiece, number>;
}

export interface ChooseOptions {
  readonly table: Table;
  readonly candidates: readonly Candidate[];
  /** Statements that read the table. */
  readonly pieces: readonly Workpiece[];
  /** Rows that were written to the table and would have gone into one more index. */
  readonly writes: number;
  readonly planner: Planner;
  readonly sampleOf: (column: string) => ColumnSample | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Greedy: the index that spares the most first, the others judged beside it. None that costs its writers more than it spares. */
export async function chooseIndexes(options: ChooseOptions): Promise<{ chosen: ChosenIndex[]; refused: RefusedIndex[] }> {
  const { planner, pieces, writes } = options;
  const chosen: ChosenIndex[] = [];
  const refused: RefusedIndex[] = [];
  const standing: (() => Promise<void>)[] = [];
  let candidates = options.candidates;
  let current = new Map(pieces.map((piece) => [piece, piece.cost]));
  while (candidates.length > 0 && chosen.length < mostChosen) {
    const trials: Trial[] = [];
    for (const candidate of candidates) {
      options.signal?.throwIfAborted();
      const trial = await tryOut(candidate, current, options);
      if (trial !== undefined && gainers(trial, current).length > 0) trials.push(trial);
    }
    const best = bestOf(trials, current);
    if (best === undefined) break;
    const now = current;
    const helps = gainers(best, now).map((piece) => ({
      piece,
      costBefore: now.get(piece) ?? 0,
      costAfter: best.costs.get(piece) ?? 0,
    }));
    const savedMs = helps.reduce((sum, { piece }) => sum + savedBy(best, piece, now), 0);
    const writeMs = writes * entryMs[best.candidate.method];
    const calls = helps.reduce((sum, { piece }) => sum + piece.statement.calls, 0);
    candidates = candidates.filter((candidate) => candidate !== best.candidate);
    if (savedMs <= writeMs) {
      refused.push({
        candidate: best.candidate,
        reason: `${writes} rows were written meanwhile: it would have cost ${ms(writeMs)} and spared ${ms(savedMs)}`,
      });
      continue;
    }
    if (calls < fewestCalls) {
      refused.push({ candidate: best.candidate, reason: `asked for ${calls} times so far: too rarely to say` });
      continue;
    }
    chosen.push({ candidate: best.candidate, helps, savedMs, writeMs, bytes: best.bytes, measured: best.measured });
    const kept = best.measured ? await planner.imagine(candidateBody(best.candidate)) : undefined;
    if (kept !== undefined) standing.push(kept.drop);
    current = new Map([...now].map(([piece, cost]) => [piece, Math.min(cost, best.costs.get(piece) ?? cost)]));
  }
  for (const drop of standing) await drop();
  return {
    chosen: chosen.filter((one) => !chosen.some((other) => other !== one && includes(other.candidate, one.candidate))),
    refused,
  };
}

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

async function tryOut(
  candidate: Candidate,
  current: ReadonlyMap<Workpiece, number>,
  options: ChooseOptions,
): Promise<Trial | undefined> {
  const pieces = [...current.keys()];
  if (candidate.method !== 'btree' || !options.planner.tries) {
    const costs = new Map(pieces.map((piece) => [piece, estimateCost(candidate, piece, options.sampleOf)]));
    return { candidate, bytes: undefined, measured: false, costs };
  }
  const index = await options.planner.imagine(candidateBody(candidate));
  if (index === undefined) return undefined;
  try {
    const costs = new Map<Workpiece, number>();
    for (const piece of pieces) costs.set(piece, (await costOf(piece, options.planner)) ?? piece.cost);
    return { candidate, bytes: index.bytes, measured: true, costs };
  } finally {
    await index.drop();
  }
}

const left = (trial: Trial, piece: Workpiece, current: ReadonlyMap<Workpiece, number>) =>
  (trial.costs.get(piece) ?? 0) / Math.max(1e-9, current.get(piece) ?? 0);

/** What is left of a statement's own time beside the indexes chosen before. */
const timeOf = (piece: Workpiece, current: ReadonlyMap<Workpiece, number>) =>
  piece.statement.totalMs * Math.min(1, (current.get(piece) ?? 0) / Math.max(1e-9, piece.cost));

const savedBy = (trial: Trial, piece: Workpiece, current: ReadonlyMap<Workpiece, number>) =>
  timeOf(piece, current) * Math.max(0, 1 - left(trial, piece, current));

function gainers(trial: Trial, current: ReadonlyMap<Workpiece, number>): Workpiece[] {
  return [...current.keys()].filter((piece) => {
    const saved = savedBy(trial, piece, current);
    const { totalMs, calls } = piece.statement;
    return left(trial, piece, current) <= mostCostLeft && saved >= leastSpared * totalMs && saved / calls >= leastSavedMs;
  });
}

/** The one that spares the most; of those that do nearly as well for the same statements, the smallest. */
function bestOf(trials: readonly Trial[], current: ReadonlyMap<Workpiece, number>): Trial | undefined {
  const saved = (trial: Trial) => gainers(trial, current).reduce((sum, piece) => sum + savedBy(trial, piece, current), 0);
  const bare = Math.max(0, ...trials.filter(({ candidate }) => candidate.include.length === 0).map(saved));
  const worth = trials.filter((trial) => {
    const all = gainers(trial, current).reduce((sum, piece) => sum + piece.statement.totalMs, 0);
    return trial.candidate.include.length === 0 || saved(trial) - bare >= leastSpared * all;
  });
  const [most] = [...worth].sort((a, b) => saved(b) - saved(a));
  if (most === undefined) return undefined;
  const helped = gainers(most, current);
  const remaining = (trial: Trial) =>
    helped.reduce((sum, piece) => sum + timeOf(piece, current) * Math.min(1, left(trial, piece, current)), 0);
  const all = helped.reduce((sum, piece) => sum + timeOf(piece, current), 0);
  const near = worth.filter((trial) => {
    const small = trial.bytes !== undefined && trial.bytes <= muchSmaller.part * (most.bytes ?? 0);
    const tolerated = nearly * remaining(most) + (small ? muchSmaller.mayLeave : noise) * all;
    return remaining(trial) <= tolerated && trial.measured === most.measured;
  });
  return near.sort((a, b) => sizeOf(a) - sizeOf(b) || saved(b) - saved(a))[0];
}

const sizeOf = ({ candidate, bytes }: Trial) =>
  (bytes ?? 0) + candidate.keys.length + candidate.include.length + (candidate.predicate === undefined ? 1 : 0);

/** The other does all that one does. */
function includes(other: Candidate, one: Candidate): boolean {
  if (other.method !== one.method || other.predicate !== one.predicate || other.keys.length < one.keys.length) return false;
  const columns = new Set([...other.keys.map(({ text }) => text), ...other.include]);
  const begins = one.keys.every(
    (key, place) => key.text === other.keys[place]?.text && key.options === other.keys[place]?.options,
  );
  return begins && one.include.every((column) => columns.has(column));
}
