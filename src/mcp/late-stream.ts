/** An answer over HTTP, in one piece or as an event stream. */
export interface McpReply {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string | AsyncIterable<string>;
  /** A stream that waits for something to happen, and works on nothing meanwhile. */
  readonly rests?: true;
}

export const eventStream = 'text/event-stream';

/** One event of the HTML standard; `message` is a JSON-RPC message on one line. */
export const eventOf = (message: string) => `event: message\ndata: ${message}\n\n`;

export type Tell = (message: object) => void;

/**
 * Answers work in one piece when it has nothing to tell before its end, and as an event stream from its first word on. Nothing of
 * an HTTP answer is sent before that, so the choice can wait: a quick answer costs what it costs without.
 */
export async function answerOrStream(work: (tell: Tell) => Promise<McpReply>): Promise<McpReply> {
  const told: string[] = [];
  let wake = () => {};
  const nextWord = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const firstWord = nextWord();
  const done = work((message) => {
    told.push(eventOf(JSON.stringify(message)));
    wake();
  });
  const quick = await Promise.race([done, firstWord]);
  if (quick !== undefined) return quick;
  // Whoever reads the stream hears of a failure there; a reader who has left hears of none.
  done.catch(() => {});
  return { status: 200, contentType: eventStream, body: events(done, told, nextWord) };
}

async function* events(done: Promise<McpReply>, told: string[], nextWord: () => Promise<void>): AsyncIterable<string> {
  for (;;) {
    yield* told.splice(0);
    // A word may have come while the last one was on its way.
    const reply = told.length > 0 ? undefined : await Promise.race([done, nextWord()]);
    if (reply === undefined) continue;
    yield* told.splice(0);
    if (typeof reply.body === 'string') yield eventOf(reply.body);
    else yield* reply.body;
    return;
  }
}
