import { openHttpLane } from './http-session.mjs';
import { openStdioSession } from './stdio-session.mjs';

/**
 * @typedef {{ kind: 'http', url: string, headers?: Record<string, string> }
 *   | { kind: 'stdio', command: string, args: readonly string[], env: Record<string, string> }} Target where a server is to be had
 */

/** Lanes to a server, whatever its transport. @param {Target} target */
export async function openTarget(target) {
  if (target.kind === 'http') {
    return { pid: undefined, lane: (onLost) => openHttpLane(target, onLost), stop: async () => {} };
  }
  const session = await openStdioSession(target);
  return { pid: session.pid, lane: async () => session.lane(), stop: session.stop };
}

/** @param {import('./http-session.mjs').Lane} lane @param {import('./protocol.mjs').Request} request */
export const ask = (lane, request) =>
  new Promise((resolve) => {
    lane.call(request, (id, { status, body }) => resolve({ id, status, body }));
  });
