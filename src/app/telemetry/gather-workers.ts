import type { Worker } from 'node:cluster';
import { within } from '../../core/within.ts';

/** What every process of a server can be asked for, for one answer of them all. */
export type GatherTopic = 'metrics' | 'trace';

export interface Gathering {
  readonly topic: GatherTopic;
  /** Of what is asked, such as a request id. */
  readonly about: string;
}

/** A worker asks the primary for everybody's answers; the primary asks each worker for its own. */
interface GatherRequest extends Gathering {
  readonly gather: number;
}
interface Gathered {
  readonly gathered: number;
  readonly answers: readonly unknown[];
}
interface GiveRequest extends Gathering {
  readonly give: number;
}
interface Given {
  readonly given: number;
  readonly answer: unknown;
}
type Message = Partial<GatherRequest & Gathered & GiveRequest & Given>;

/** A worker that hangs must not keep the others' answers back. */
const patienceMs = 3000;

export interface PrimaryGatherOptions {
  /** Told of each worker's answer, and of its end: what a dead one said last need not be lost. */
  readonly onAnswer: (worker: Worker, asked: Gathering, answer: unknown) => void;
  readonly onGone: (worker: Worker) => void;
  /** What belongs to the answers beside those of the workers that live. */
  readonly besides: (asked: Gathering) => readonly unknown[];
}

/** In the primary. */
export function createPrimaryGather({ onAnswer, onGone, besides }: PrimaryGatherOptions) {
  /** Those that hear: one that is still starting would be waited for in vain. */
  const workers = new Set<Worker>();
  const waiting = new Map<number, (answer: unknown) => void>();
  let last = 0;
  const askOne = async (worker: Worker, asked: Gathering): Promise<readonly unknown[]> => {
    last += 1;
    const give = last;
    try {
      const answer = await within(
        patienceMs,
        new Promise<unknown>((resolve, reject) => {
          waiting.set(give, resolve);
          const request: GiveRequest = { give, ...asked };
          worker.send(request, (error) => error !== null && reject(error));
        }),
      );
      onAnswer(worker, asked, answer);
      return [answer];
    } catch {
      return [];
    } finally {
      waiting.delete(give);
    }
  };
  const gather = async (asked: Gathering): Promise<readonly unknown[]> => {
    const answers = await Promise.all([...workers].map((worker) => askOne(worker, asked)));
    return [...answers.flat(), ...besides(asked)];
  };
  return {
    gather,
    /** Answers this worker when it asks for all, and takes its own answers. */
    serve(worker: Worker): void {
      worker.once('listening', () => workers.add(worker));
      worker.once('exit', () => {
        workers.delete(worker);
        onGone(worker);
      });
      worker.on('message', async ({ gather: asked, given, answer, topic, about }: Message) => {
        if (given !== undefined) waiting.get(given)?.(answer);
        if (asked === undefined || topic === undefined) return;
        const reply: Gathered = { gathered: asked, answers: await gather({ topic, about: about ?? '' }) };
        worker.send(reply, () => {});
      });
    },
  };
}

/** The end of the channel that a worker has; its `process`. */
export interface GatherChannel {
  on(event: 'message', listener: (message: Message) => void): unknown;
  send?(message: Message): unknown;
}

export type Gather = (asked: Gathering) => Promise<readonly unknown[]>;
/** What a process answers for itself. */
export type OwnAnswer = (asked: Gathering) => unknown;

/** In a process without others. */
export const gatherAlone =
  (own: OwnAnswer): Gather =>
  async (asked) => [own(asked)];

/** In a worker: gives its own answers, and asks for everybody's. */
export function createWorkerGather(own: OwnAnswer, channel: GatherChannel = process as GatherChannel): Gather {
  const waiting = new Map<number, (answers: readonly unknown[]) => void>();
  let last = 0;
  channel.on('message', ({ give, topic, about = '', gathered, answers }) => {
    if (give !== undefined && topic !== undefined) channel.send?.({ given: give, answer: own({ topic, about }) });
    if (gathered !== undefined) waiting.get(gathered)?.(answers ?? []);
  });
  return async (asked: Gathering): Promise<readonly unknown[]> => {
    last += 1;
    const gather = last;
    try {
      return await within(
        3 * patienceMs,
        new Promise<readonly unknown[]>((resolve) => {
          waiting.set(gather, resolve);
          channel.send?.({ gather, ...asked });
        }),
      );
    } catch {
      // A primary that is gone: this process is all that is left to tell of.
      return [own(asked)];
    } finally {
      waiting.delete(gather);
    }
  };
}
