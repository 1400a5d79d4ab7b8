import type { ServerResponse } from 'node:http';

/** Emitted by a response that is a stream which waits rather than works. */
const resting = Symbol('resting');

/** Counts requests in progress. A stream that rests is none: whoever opened it bounds how many there are. */
export function createInFlight(most: number) {
  let count = 0;
  return {
    /** False where there are as many as there may be. */
    enter(response: ServerResponse): boolean {
      if (count >= most) return false;
      count += 1;
      let entered = true;
      const leave = () => {
        if (entered) count -= 1;
        entered = false;
      };
      response.once('close', leave).once(resting, leave);
      return true;
    },
  };
}

export function rest(response: ServerResponse): void {
  response.emit(resting);
}
