/** What one tool call has used so far. Plain sums: whoever does the work adds to them. */
export interface CallUsage {
  /** Statements of the caller's that were answered, whoever answered. */
  queries: number;
  /** In the database, of the statements that this call had run. */
  databaseMs: number;
  cacheHits: number;
  /** Hits on answers that were made before anybody asked. */
  warmHits: number;
  /** Database time that hits did not take again. */
  savedMs: number;
  /** Characters of the answer's blocks: its bytes, where it is ASCII. */
  answerBytes: number;
  /** Sent to the embedding model; estimated as a quarter of the characters. */
  embeddingTokens: number;
}

/**
 * Usage of the calls that are under way, found by their request id: the one thing that every floor is told of a call.
 * A statement that nobody waits for any more, such as a warmed one, finds none and counts for nobody.
 */
export function createCallUsages() {
  const open = new Map<string, CallUsage>();
  return {
    begin(requestId: string): CallUsage {
      const usage = { queries: 0, databaseMs: 0, cacheHits: 0, warmHits: 0, savedMs: 0, answerBytes: 0, embeddingTokens: 0 };
      open.set(requestId, usage);
      return usage;
    },
    of: (requestId: string | undefined): CallUsage | undefined => (requestId === undefined ? undefined : open.get(requestId)),
    end(requestId: string): void {
      open.delete(requestId);
    },
  };
}
export type CallUsages = ReturnType<typeof createCallUsages>;
