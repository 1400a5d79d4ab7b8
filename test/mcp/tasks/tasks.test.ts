import { describe, expect, test } from 'vitest';
import { createRedisTaskStore, type RedisTasks } from '../../../src/mcp/tasks/redis-task-store.ts';
import { createTasks, type TasksOptions } from '../../../src/mcp/tasks/tasks.ts';
import type { ToolAnswer } from '../../../src/mcp/tool-result.ts';
import { openRedis } from '../../../src/resilience/redis-connection.ts';
import { createEnvelope } from '../../../src/vault/envelope.ts';
import { createKeyRing, newEncryptionKey } from '../../../src/vault/key-ring.ts';
import { handClock } from '../../support/hand-clock.ts';
import { principal } from '../../support/mcp-stack.ts';
import { lineTo, onRedis, ownPrefix, until } from '../../support/redis.ts';

const ring = createKeyRing([newEncryptionKey('test')]);
const answer: ToolAnswer = { text: '{"n":1}', structuredJson: '{"rows":[[12.50]]}', rowCount: 1 };

function call() {
  let finish = (_answer: ToolAnswer) => {};
  const state = { cancelled: false };
  const running = {
    principal: principal(),
    requestId: 'r1',
    answer: new Promise<ToolAnswer>((resolve) => {
      finish = resolve;
    }),
    cancel: () => {
      state.cancelled = true;
      finish({ text: 'cancelled', isError: true });
    },
  };
  return { running, state, finish: () => finish(answer) };
}

onRedis('Tasks of several processes', (url) => {
  const noted: unknown[] = [];
  const connect = async (address = url) => {
    const connection = openRedis({ url: address, note: (told) => noted.push(told) });
    await until('Redis is there', () => connection.client.isReady);
    return connection;
  };
  const store = (redis: RedisTasks, prefix: string, keys = ring) =>
    createRedisTaskStore({ redis, prefix, seal: createEnvelope(() => keys), onForeign: (error) => noted.push(error) });

  async function two(options: Partial<TasksOptions> = {}) {
    const connection = await connect();
    const prefix = ownPrefix();
    const clock = handClock(Date.UTC(2026, 10, 22));
    const note = (told: unknown) => noted.push(told);
    const open = () =>
      createTasks({ store: store(connection.client, prefix), clock, note, ttlMs: 60_000, beatMs: 20, ...options });
    return { owner: open(), other: open(), clock, prefix, ...connection };
  }

  test('each answers for those of the others', async () => {
    const { owner, other, close } = await two();
    const { running, finish } = call();
    const { handle } = (await owner.adopt(running))!;
    expect(await other.get(principal(), handle)).toMatchObject({ status: 'working', callId: 'r1' });
    finish();
    await until('the answer is there', async () => (await other.get(principal(), handle))?.status === 'completed');
    expect((await other.get(principal(), handle))?.answer).toEqual(answer);
    expect((await owner.get(principal(), handle))?.answer).toEqual(answer);
    await close();
  });

  test('one cancels what another runs', async () => {
    const { owner, other, close } = await two();
    const { running, state } = call();
    const { handle } = (await owner.adopt(running))!;
    await other.cancel(principal(), handle);
    await until('the call is cancelled', () => state.cancelled);
    await until('all know', async () => (await other.get(principal(), handle))?.status === 'cancelled');
    await close();
  });

  test('are nobody else’s on any of them', async () => {
    const { owner, other, close } = await two();
    const { running, state } = call();
    const { handle } = (await owner.adopt(running))!;
    const thief = { ...principal(), subject: 'somebody' };
    expect(await other.get(thief, handle)).toBeUndefined();
    expect(await other.cancel(thief, handle)).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(state.cancelled).toBe(false);
    await owner.close();
    await close();
  });

  test('have failed when their process is gone', async () => {
    const { owner, other, clock, close } = await two({ beatMs: 60_000 });
    const { handle } = (await owner.adopt(call().running))!;
    clock.advance(40 * 60_000 + 1);
    expect(await other.get(principal(), handle)).toMatchObject({ status: 'failed' });
    await close();
  });

  test('that live are not given up while their process is there', async () => {
    const { owner, other, clock, close } = await two();
    const { handle } = (await owner.adopt(call().running))!;
    for (let beats = 0; beats < 3; beats += 1) {
      clock.advance(700);
      await new Promise((resolve) => setTimeout(resolve, 250));
      expect(await other.get(principal(), handle)).toMatchObject({ status: 'working' });
    }
    await owner.close();
    expect(await other.get(principal(), handle)).toMatchObject({ status: 'failed' });
    await close();
  });

  test('show Redis neither handle nor rows, and what is planted or altered there counts as nothing', async () => {
    const { owner, other, client, prefix, close } = await two();
    const { running, finish, state } = call();
    const { handle } = (await owner.adopt(running))!;
    const keys = await client.keys(`${prefix}*`);
    expect(keys).toHaveLength(1);
    const [place] = keys as [string];
    expect(place).not.toContain(handle);
    // A wish that was not sealed by a server of ours.
    await client.set(place.replace('task:', 'task-cancel:'), 'cancel');
    finish();
    await until('the answer is there', async () => (await other.get(principal(), handle))?.status === 'completed');
    expect(state.cancelled).toBe(false);
    const sealed = (await client.get(place)) ?? '';
    expect(sealed).not.toContain('12.50');
    expect(await client.pTTL(place)).toBeGreaterThan(0);
    // Another task's record in this one's place.
    const second = call();
    const { handle: secondHandle } = (await owner.adopt(second.running))!;
    const secondPlace = (await client.keys(`${prefix}task:*`)).find((key) => key !== place)!;
    await client.set(secondPlace, sealed);
    expect(await other.get(principal(), secondHandle)).toBeUndefined();
    await client.set(place, `${sealed.slice(0, -2)}AA`);
    expect(await other.get(principal(), handle)).toBeUndefined();
    await owner.close();
    await close();
  });

  test('are not offered while Redis is away, and none is lost that Redis missed the end of', async () => {
    const line = await lineTo(url);
    const connection = await connect(line.url);
    const prefix = ownPrefix();
    const clock = handClock(0);
    const note = (told: unknown) => noted.push(told);
    const tasks = createTasks({ store: store(connection.client, prefix), clock, note, ttlMs: 60_000, beatMs: 20 });
    const early = call();
    const { handle } = (await tasks.adopt(early.running))!;
    await line.cut();
    await until('Redis is gone', () => !connection.client.isReady);
    early.finish();
    await until('its process knows', async () => (await tasks.get(principal(), handle))?.status === 'completed');
    expect(await tasks.adopt(call().running)).toBeUndefined();
    await expect(tasks.get(principal(), 'another')).rejects.toMatchObject({ code: 'dependency_unavailable' });
    await line.restore();
    await until('Redis has it', async () => {
      if (!connection.client.isReady) return false;
      const elsewhere = createTasks({ store: store(connection.client, prefix), clock, note, ttlMs: 60_000 });
      return (await elsewhere.get(principal(), handle))?.status === 'completed';
    });
    await tasks.close();
    await connection.close();
    await line.close();
  });
});

describe('Tasks of one process', () => {
  test('need no store', async () => {
    const tasks = createTasks({ clock: handClock(0), note: () => {}, ttlMs: 60_000 });
    const { running, finish } = call();
    const { handle } = (await tasks.adopt(running))!;
    finish();
    await running.answer;
    expect(await tasks.get(principal(), handle)).toMatchObject({ status: 'completed', answer });
    expect(await tasks.get(principal(), 'another')).toBeUndefined();
    await tasks.close();
    expect(await tasks.get(principal(), handle)).toBeUndefined();
  });

  test('have failed when their call ends without an answer', async () => {
    const tasks = createTasks({ clock: handClock(0), note: () => {}, ttlMs: 60_000 });
    const { running } = call();
    let fail = (_error: Error) => {};
    const answer = new Promise<ToolAnswer>((_, reject) => {
      fail = reject;
    });
    const { handle } = (await tasks.adopt({ ...running, answer }))!;
    fail(new Error('gone'));
    await answer.catch(() => {});
    await expect.poll(async () => (await tasks.get(principal(), handle))?.status).toBe('failed');
    await tasks.close();
  });

  test('have handles that do not repeat', async () => {
    const tasks = createTasks({ clock: handClock(0), note: () => {}, ttlMs: 60_000, maxRunning: 100, maxKept: 100 });
    const handles = await Promise.all(Array.from({ length: 50 }, async () => (await tasks.adopt(call().running))!.handle));
    expect(new Set(handles).size).toBe(50);
    await tasks.close();
  });
});
