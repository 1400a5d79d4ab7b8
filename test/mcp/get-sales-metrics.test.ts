import { describe, expect, test } from 'vitest';
import { executeSalesQuery } from '../../src/mcp/tools/execute-sales-query.ts';
import { getSalesMetrics } from '../../src/mcp/tools/get-sales-metrics.ts';
import type { MetricsAnswer } from '../../src/metrics/get-metrics.ts';
import type { MetricsQuestion } from '../../src/metrics/request.ts';
import { retailMetrics } from '../../src/retail/metrics.ts';
import { retailToolTexts } from '../../src/retail/tool-texts.ts';
import { awkwardResult, principal } from '../support/mcp-stack.ts';

const period = { first: '2025-10-01', last: '2025-12-31' };
const quarters = '[["2025-10-01",1.50],["2025-11-01",3.00],["2025-12-01",0.00]]';

function tool(answer: Partial<MetricsAnswer> = {}) {
  const asked: MetricsQuestion[] = [];
  const get = getSalesMetrics(retailToolTexts.get_sales_metrics!, retailMetrics, async (question) => {
    asked.push(question);
    return {
      ...awkwardResult,
      columns: [
        { name: 'month', type: 'date' },
        { name: 'revenue', type: 'numeric' },
      ],
      rowsJson: quarters,
      rowCount: 3,
      period,
      definitions: { revenue: 'What it is.' },
      labels: 0,
      isEmpty: false,
      ...answer,
    };
  });
  const call = (args: object) =>
    get.answer(args, { principal: principal(), requestId: 'r', signal: new AbortController().signal });
  return { asked, call };
}

describe('get_sales_metrics', () => {
  test('hands its arguments on, with what was left out', async () => {
    const { asked, call } = tool();
    await call({ metrics: ['revenue'] });
    await call({
      metrics: ['units', 'orders'],
      dimensions: ['store'],
      filters: { store: ['Seattle'], is_online: false },
      grain: 'month',
      start_date: '2025-01-01',
      end_date: '2025-02-01',
      compare_to: 'previous',
      limit: 3,
      order: 'asc',
    });
    expect(asked).toEqual([
      { metrics: ['revenue'], dimensions: [], filters: {}, limit: 20, ascending: false },
      {
        metrics: ['units', 'orders'],
        dimensions: ['store'],
        filters: { store: ['Seattle'], is_online: false },
        grain: 'month',
        startDate: '2025-01-01',
        endDate: '2025-02-01',
        compareTo: 'previous',
        limit: 3,
        ascending: true,
      },
    ]);
  });

  test.each([
    [{ metrics: ['revenues'] }, '(did you mean "revenue"?)'],
    [{ metrics: ['units', 'order'] }, '(did you mean "orders"?)'],
    [{ metrics: ['units'], grain: 'months' }, '(did you mean "month"?)'],
  ])('a misspelt choice is told what it may have meant: %j', async (args, told) => {
    await expect(tool().call(args)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(told) });
  });

  test.each([{ metrics: ['zzz'] }, { metrics: [null] }, { metrics: null }, { metrics: ['units'], grain: {} }])(
    'nothing is offered for what is no misspelling: %j',
    async (args) => {
      const refusal = tool().call(args);
      await expect(refusal).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.not.stringContaining('did you mean'),
      });
    },
  );

  test('tells the days in the text and, with the definitions, in the structured answer', async () => {
    const { text, structuredJson } = await tool({
      compared: { first: '2025-07-01', last: '2025-09-30' },
      truncated: true,
      stale: true,
    }).call({ metrics: ['revenue'] });
    expect(text).toBe(
      `{"c":["month","revenue"],"r":${quarters},"n":3,"t":true,"msg":"2025-10-01 to 2025-12-31, previous: 2025-07-01 to 2025-09-30; there are more groups: raise limit or filter"}`,
    );
    expect(JSON.parse(structuredJson ?? '')).toMatchObject({
      period: { start_date: '2025-10-01', end_date: '2025-12-31' },
      compared: { start_date: '2025-07-01', end_date: '2025-09-30' },
      definitions: { revenue: 'What it is.' },
      stale: true,
      scope: ['Zava Retail Seattle'],
    });
    expect(structuredJson).toContain('1.50');
  });

  test('says which days there are, where the period holds none', async () => {
    const extent = { first: '2020-01-01', last: '2025-12-31' };
    const { text } = await tool({ extent, isEmpty: true }).call({ metrics: ['revenue'] });
    expect(text).toContain('nothing then: your data is of 2020-01-01 to 2025-12-31');
  });

  test('says so where the data is of a part of the period, which would look like a collapse', async () => {
    const { text } = await tool({ extent: { first: '2020-01-01', last: '2025-11-15' } }).call({ metrics: ['revenue'] });
    expect(text).toContain('incomplete: your data is of 2020-01-01 to 2025-11-15');
  });

  test('draws when asked to, in the text alone', async () => {
    const { call } = tool();
    const [drawn, plain] = await Promise.all([
      call({ metrics: ['revenue'], grain: 'month', chart: true }),
      call({ metrics: ['revenue'], grain: 'month' }),
    ]);
    expect(drawn.text).toBe(`${plain.text}\n▅█▁`);
    expect(drawn.structuredJson).toBe(plain.structuredJson);
    expect((await tool({ rowsJson: '[]' }).call({ metrics: ['revenue'], chart: true })).text).not.toContain('\n');
  });

  test.each([
    [{}],
    [{ metrics: [] }],
    [{ metrics: ['profit'] }],
    [{ metrics: ['revenue'], dimensions: ['store_id'] }],
    [{ metrics: ['revenue'], filters: { store_id: 1 } }],
    [{ metrics: ['revenue'], filters: JSON.parse('{"__proto__": "x"}') as object }],
    [{ metrics: ['revenue'], filters: ['store'] }],
    [{ metrics: ['revenue'], limit: 0 }],
    [{ metrics: ['revenue'], sql: 'SELECT 1' }],
  ])('refuses %j', async (args) => {
    await expect(tool().call(args)).rejects.toMatchObject({ code: 'invalid_input' });
  });
});

test('execute_sales_query passes a hint on, in the text and in the structured answer', async () => {
  const answer = async (changes: object) =>
    executeSalesQuery(retailToolTexts.execute_sales_query!, async () => ({ ...awkwardResult, ...changes })).answer(
      { postgresql_query: 'SELECT 1' },
      { principal: principal(), requestId: 'r', signal: new AbortController().signal },
    );
  const hinted = await answer({ hint: 'orders are counted twice' });
  expect([hinted.text, hinted.structuredJson]).toEqual([
    expect.stringContaining('"msg":"orders are counted twice"'),
    expect.stringContaining('"hint":"orders are counted twice"'),
  ]);
  expect((await answer({ hint: 'orders are counted twice', truncated: true })).text).toMatch(
    /"msg":"aggregate.*; orders are counted twice"/,
  );
  expect((await answer({})).structuredJson).not.toContain('hint');
});
