import { afterEach, expect, test, vi } from 'vitest';
import { stoppable, untilStopped } from '../../src/cli/stoppable.ts';

/** As if the process got the signal; the test runner's own handlers do not hear it. */
function signalled(name: NodeJS.Signals, others: readonly unknown[]) {
  for (const listener of process.listeners(name)) if (!others.includes(listener)) listener(name);
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test('a command that no signal meets ends as it ends, and leaves no handler behind', async () => {
  const before = process.listenerCount('SIGINT');
  expect(await stoppable(async () => process.listenerCount('SIGINT'))).toBe(before + 1);
  await expect(stoppable(() => Promise.reject(new Error('its own')))).rejects.toThrow('its own');
  expect(process.listenerCount('SIGINT')).toBe(before);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s asks the command to stop', async (name) => {
  const others = process.listeners(name);
  const reason = stoppable(async (stop) => {
    const stopped = untilStopped(stop);
    signalled(name, others);
    return [await stopped, await untilStopped(stop)];
  });
  expect(await reason).toEqual([name, name]);
});

test('a command that gives up says by what, and the process ends although a thread still works', async () => {
  vi.useFakeTimers();
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  const others = process.listeners('SIGINT');
  const command = stoppable(async (stop) => {
    signalled('SIGINT', others);
    stop.throwIfAborted();
  });
  await expect(command).rejects.toThrow('Stopped by SIGINT: what was not finished has been undone');
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1000);
  expect(exit).toHaveBeenCalledOnce();
});

test('a second signal ends the process at once', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as never);
  const others = process.listeners('SIGTERM');
  await stoppable(async () => {
    signalled('SIGTERM', others);
    expect(exit).not.toHaveBeenCalled();
    signalled('SIGTERM', others);
  });
  expect(exit).toHaveBeenCalledWith(1);
});
