import { type ChainedRecord, expectedHash, genesisHash } from './chain.ts';
import { type Checkpoint, signedText, type VerifySignature } from './checkpoint.ts';

/**
 * `altered`: the words of a record are not what was hashed. `removed`, `reordered`, `inserted`: the chain is broken there.
 * `truncated`: the trail ends before a head that was signed. `rewritten`: the chain holds, but it is not the one that was signed.
 * `forged_checkpoint`: a checkpoint, or the seal of an export, was not signed with a known key.
 */
export type Tampering = 'altered' | 'removed' | 'reordered' | 'inserted' | 'truncated' | 'rewritten' | 'forged_checkpoint';

export interface Fault {
  readonly kind: Tampering;
  /** The record concerned, or the last good one before the gap; absent when there is none before it. */
  readonly eventId?: string;
  readonly message: string;
}

export interface Verdict {
  readonly events: number;
  /** Hash of the last record. */
  readonly lastHash: string;
  readonly lastEventId?: string;
  readonly checkpoints: number;
  /** The first one. */
  readonly fault?: Fault;
}

export interface VerifyOptions {
  /** In the order of appending. */
  readonly records: AsyncIterable<ChainedRecord>;
  /** Hash before the first record; absent where the trail starts from its beginning. */
  readonly startsAfter?: string;
  /** In the order of signing. Read them before the records: a head that was signed is then in the records, too. */
  readonly checkpoints?: readonly Checkpoint[];
  readonly verifySignature?: VerifySignature;
  /** Time up to which the records claim to be complete, asked after the last one. Absent = all there is. */
  readonly reachesTo?: () => string;
}

/** Needs nothing but what it is given: the database's own functions are not asked. */
export async function verifyAudit(options: VerifyOptions): Promise<Verdict> {
  const { startsAfter = genesisHash, checkpoints = [] } = options;
  const remaining = new Map<string, Checkpoint>(checkpoints.map((checkpoint) => [checkpoint.head, checkpoint]));
  const places = new Map<string, ChainedRecord | undefined>();
  if (remaining.has(startsAfter)) places.set(startsAfter, undefined);
  let last: ChainedRecord | undefined;
  let first: ChainedRecord | undefined;
  let events = 0;
  const hash = () => last?.row_hash ?? startsAfter;
  const verdict = (fault?: Fault): Verdict => ({
    events,
    lastHash: hash(),
    ...(last === undefined ? {} : { lastEventId: last.event_id }),
    checkpoints: places.size,
    ...(fault === undefined ? {} : { fault }),
  });

  const records = options.records[Symbol.asyncIterator]();
  for (let next = await records.next(); !next.done; next = await records.next()) {
    const record = next.value;
    const sound = expectedHash(record) === record.row_hash;
    if (!sound || record.prev_hash !== hash()) return verdict(await nameBreak(record, sound, last, hash(), records));
    first ??= record;
    last = record;
    events += 1;
    if (remaining.has(record.row_hash)) places.set(record.row_hash, record);
  }
  return verdict(checkpointFault({ ...options, checkpoints, places, first, last }));
}

/** Looks ahead: whether the rightful successor comes later tells what happened here. */
async function nameBreak(
  record: ChainedRecord,
  sound: boolean,
  last: ChainedRecord | undefined,
  hash: string,
  rest: AsyncIterator<ChainedRecord>,
): Promise<Fault> {
  const eventId = record.event_id;
  if (record.prev_hash === hash) {
    return { kind: 'altered', eventId, message: `Record ${eventId} was altered: its words are not the ones that were hashed` };
  }
  let successorLater = false;
  let predecessorLater = false;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    successorLater ||= next.value.prev_hash === hash;
    predecessorLater ||= next.value.row_hash === record.prev_hash;
  }
  if (successorLater && sound && predecessorLater) {
    return { kind: 'reordered', eventId, message: `Record ${eventId} stands before the record that it follows` };
  }
  if (successorLater) return { kind: 'inserted', eventId, message: `Record ${eventId} does not belong to the chain` };
  if (last === undefined) return { kind: 'removed', message: `What stood before record ${eventId} was removed` };
  if (BigInt(last.event_id) + 1n === BigInt(eventId)) {
    const altered = last.event_id;
    return {
      kind: 'altered',
      eventId: altered,
      message: `Record ${altered} was altered and hashed anew: record ${eventId} continues another`,
    };
  }
  return {
    kind: 'removed',
    eventId: last.event_id,
    message: `What stood between the records ${last.event_id} and ${eventId} was removed`,
  };
}

const endOfTime = '9999-12-31';

interface Found extends VerifyOptions {
  readonly checkpoints: readonly Checkpoint[];
  readonly places: ReadonlyMap<string, ChainedRecord | undefined>;
  readonly first: ChainedRecord | undefined;
  readonly last: ChainedRecord | undefined;
}

function checkpointFault({ checkpoints, verifySignature, places, first, last, ...options }: Found): Fault | undefined {
  const forged = checkpoints.find((one) => verifySignature?.(signedText(one), one.key, one.signature) === false);
  if (forged !== undefined) {
    const message = `The checkpoint of ${forged.at || 'an unreadable line'} was not signed with a known key`;
    return { kind: 'forged_checkpoint', message };
  }
  const reachesTo = options.reachesTo?.() ?? endOfTime;
  const lastFound = checkpoints.findLastIndex(({ head }) => places.has(head));
  // A trail that starts later, as one does after its older months were taken out, does not hold what was signed before.
  const fromBeginning = options.startsAfter === undefined || options.startsAfter === genesisHash;
  const startsAt = fromBeginning ? '' : (first?.occurred_at ?? endOfTime);
  const missing = checkpoints.findIndex(
    ({ at, head }, index) => !places.has(head) && at >= startsAt && (index < lastFound || at <= reachesTo),
  );
  const lost = checkpoints[missing];
  if (lost === undefined) return undefined;
  const known = checkpoints.slice(0, missing).findLast(({ head }) => places.has(head));
  const before = known === undefined ? undefined : places.get(known.head);
  const cut = last === undefined || last.occurred_at <= lost.at;
  const where = before === undefined ? 'its beginning' : `record ${before.event_id}`;
  return {
    kind: cut ? 'truncated' : 'rewritten',
    ...(before === undefined ? {} : { eventId: before.event_id }),
    message: `The head that was signed at ${lost.at} is not in the trail: it was ${cut ? 'cut off' : 'rewritten'} somewhere after ${where}`,
  };
}
