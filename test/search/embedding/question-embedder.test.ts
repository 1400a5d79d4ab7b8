import { expect, test } from 'vitest';
import { createCallUsages } from '../../../src/core/call-usage.ts';
import { createQuestionEmbedder } from '../../../src/search/embedding/question-embedder.ts';
import { handClock } from '../../support/hand-clock.ts';
import { modelLess } from '../../support/product-vectors.ts';

function remembering() {
  const clock = handClock();
  clock.advance(1);
  const asked: string[] = [];
  const embedder = modelLess(async (texts) => {
    asked.push(...texts);
    if (texts[0] === 'broken') throw new Error('down');
    return texts.map((text) => (text === 'none' ? undefined : Float32Array.of(text.length))) as Float32Array[];
  });
  return { clock, asked, questions: createQuestionEmbedder({ embedder, clock }) };
}

test('a question is embedded once, also when it is asked many times at once', async () => {
  const { asked, questions } = remembering();
  await Promise.all([questions.vectorOf('tap'), questions.vectorOf('tap')]);
  expect(await questions.vectorOf('tap')).toEqual(Float32Array.of(3));
  expect(asked).toEqual(['tap']);
});

test('it is remembered for a day', async () => {
  const { asked, clock, questions } = remembering();
  await questions.vectorOf('tap');
  clock.advance(86_399_000);
  await questions.vectorOf('tap');
  expect(asked).toHaveLength(1);
  clock.advance(2000);
  await questions.vectorOf('tap');
  expect(asked).toHaveLength(2);
});

test('a failure is not remembered', async () => {
  const { asked, questions } = remembering();
  await expect(questions.vectorOf('broken')).rejects.toThrow('down');
  await expect(questions.vectorOf('broken')).rejects.toThrow('down');
  await expect(questions.vectorOf('none')).rejects.toThrow('no vector');
  expect(asked).toEqual(['broken', 'broken', 'none']);
});

test('the call that has the model asked pays for it, and nobody else does', async () => {
  const { questions } = remembering();
  const usages = createCallUsages();
  const [first, second] = [usages.begin('1'), usages.begin('2')];
  await Promise.all([questions.vectorOf('a hammer', first), questions.vectorOf('a hammer', second)]);
  await questions.vectorOf('a hammer', second);
  expect([first.embeddingTokens, second.embeddingTokens]).toEqual([2, 0]);
});
