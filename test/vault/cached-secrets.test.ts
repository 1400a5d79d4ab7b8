import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCachedSecrets } from '../../src/vault/cached-secrets.ts';
import { keepRefreshed } from '../../src/vault/refreshed.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function vault() {
  const state = { values: { key: 'one' } as Record<string, string>, asked: 0, down: false, failures: [] as string[] };
  const store = {
    async get(name: string) {
      state.asked += 1;
      if (state.down) throw new Error('the vault is away');
      return state.values[name];
    },
  };
  return { state, secrets: createCachedSecrets({ store, onFailure: (name) => state.failures.push(name) }) };
}

test('a secret is asked for once in five minutes, by however many callers', async () => {
  const { state, secrets } = vault();
  expect(await Promise.all([secrets.get('key'), secrets.get('key'), secrets.get('other')])).toEqual(['one', 'one', undefined]);
  await secrets.get('key');
  expect(state.asked).toBe(2);
  await vi.advanceTimersByTimeAsync(299_999);
  expect(state.asked).toBe(2);
});

test('a rotated secret is there after one refresh, without anybody asking', async () => {
  const { state, secrets } = vault();
  await secrets.get('key');
  state.values.key = 'two';
  expect(await secrets.get('key')).toBe('one');
  await vi.advanceTimersByTimeAsync(300_000);
  expect(await secrets.get('key')).toBe('two');
  state.values.key = 'three';
  await secrets.refresh();
  expect(await secrets.get('key')).toBe('three');
});

test('while the vault is away the last good value serves, and the outage is told once', async () => {
  const { state, secrets } = vault();
  await secrets.get('key');
  state.down = true;
  await vi.advanceTimersByTimeAsync(3_600_000);
  expect(await secrets.get('key')).toBe('one');
  expect(state.failures).toEqual(['key']);
  state.down = false;
  await secrets.refresh();
  state.down = true;
  await secrets.refresh();
  expect(state.failures).toEqual(['key', 'key']);
});

test('what could not be had the first time is asked for again', async () => {
  const { state, secrets } = vault();
  state.down = true;
  await expect(secrets.get('key')).rejects.toThrow('the vault is away');
  state.down = false;
  expect(await secrets.get('key')).toBe('one');
});

test('a closed cache asks no more', async () => {
  const { state, secrets } = vault();
  await secrets.get('key');
  state.down = true;
  await expect(secrets.get('broken')).rejects.toThrow();
  await secrets.close();
  await vi.advanceTimersByTimeAsync(900_000);
  expect(state.asked).toBe(2);
});

test('two refreshes at once ask once', async () => {
  let asked = 0;
  const kept = await keepRefreshed({ load: async () => ++asked, everyMs: 1000, onFailure: () => {} });
  await Promise.all([kept.refresh(), kept.refresh()]);
  expect(asked).toBe(2);
  expect(kept.current()).toBe(2);
  kept.close();
});
