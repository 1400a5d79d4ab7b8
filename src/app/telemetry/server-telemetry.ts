import type { Worker } from 'node:cluster';
import { countsOf, mergeSamples, type PlainSample, toPlain } from '../../telemetry/metrics/merge-samples.ts';
import type { Sample } from '../../telemetry/metrics/metric-store.ts';
import type { RecordedRequest } from '../../telemetry/traces/recorded-request.ts';
import { createPrimaryGather, type Gather, type OwnAnswer } from './gather-workers.ts';
import type { Telemetry } from './telemetry.ts';

/** What one process has to say when all are asked. */
export function ownTelemetry({ store, findTrace }: Pick<Telemetry, 'store' | 'findTrace'>): OwnAnswer {
  return ({ topic, about }) => (topic === 'metrics' ? toPlain(store.samples()) : findTrace(about));
}

/** What all processes of this server say together. */
export function serverTelemetry(gather: Gather) {
  return {
    samples: async (): Promise<readonly Sample[]> =>
      mergeSamples((await gather({ topic: 'metrics', about: '' })) as PlainSample[][]),
    findTrace: async (requestId: string): Promise<RecordedRequest | undefined> => {
      const answers = await gather({ topic: 'trace', about: requestId });
      return answers.find((answer) => answer !== undefined && answer !== null) as RecordedRequest | undefined;
    },
  };
}

/** In the primary: hears all workers. What one that died had counted goes on counting, as far as it was ever read. */
export function createPrimaryTelemetry(desiredWorkers: () => number | undefined = () => undefined) {
  const own = (): PlainSample[] => {
    const count = desiredWorkers();
    return count === undefined ? [] : [{ name: 'replicas_desired', labels: [], values: [count] }];
  };
  const last = new Map<Worker, PlainSample[]>();
  let gone: PlainSample[] = [];
  const { gather, serve } = createPrimaryGather({
    onAnswer(worker, { topic }, answer) {
      if (topic === 'metrics') last.set(worker, answer as PlainSample[]);
    },
    onGone(worker) {
      gone = toPlain(mergeSamples([gone, countsOf(last.get(worker) ?? [])]));
      last.delete(worker);
    },
    besides: ({ topic }) => (topic === 'metrics' ? [own(), gone] : []),
  });
  return { serve, ...serverTelemetry(gather) };
}
