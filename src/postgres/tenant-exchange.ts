import { serialize } from 'pg-protocol';
import type { BindValue, ResultColumn, ResultLimits, TenantResult, TenantStatement } from './database.ts';
import { type Preparation, type PreparedStatements, unprepared } from './prepared-statements.ts';

type Step = 'begin' | 'scope' | 'role' | 'declare' | 'rows' | 'rollback';

export interface TenantExchangeOptions {
  /** Schema-qualified name of the function that verifies the scope token. */
  readonly useScopeFunction: string;
  /**
   * Role to take on after the scope is set, for a session that is not the reader's own login. Such a session can undo the
   * switch, so there the statement is also held to be a query by the grammar: `DECLARE … CURSOR FOR` takes nothing else.
   */
  readonly switchToRole?: string;
  /** Of the connection. Absent = every statement is parsed anew. */
  readonly prepared?: PreparedStatements;
}

interface Part {
  readonly step: Step;
  readonly messages: readonly Buffer[];
}

/** A tenant's call as one message for PostgreSQL and the reader of its answers, the same for every transport. */
export interface TenantExchange {
  /** Extended protocol, one Sync: https://www.postgresql.org/docs/17/protocol-flow.html#PROTOCOL-FLOW-PIPELINING */
  readonly request: Buffer;
  readonly reply: TenantReply;
  /** The answer came to its end. */
  confirm(): void;
  /** It did not. Returns the messages that give up what may have been prepared. */
  abandon(): readonly Buffer[];
}

export function createTenantExchange(statement: TenantStatement, options: TenantExchangeOptions): TenantExchange {
  const { useScopeFunction, switchToRole, prepared = unprepared } = options;
  const scope = `SELECT ${useScopeFunction}($1)`;
  const own = statement.replayedTo === undefined ? [begin, scope] : [beginOnStandby, onceReplayed(useScopeFunction)];
  const preparation = prepared.prepare([...own, rollback], statement);
  const columns = preparation.columnsOf(statement.text);
  const parts =
    switchToRole === undefined
      ? onOwnLogin(statement, own, preparation, columns !== undefined)
      : onSharedSession(statement, scope, switchToRole, preparation);
  const messages = [...preparation.closes];
  for (const part of parts) messages.push(...part.messages);
  messages.push(sync);
  const reply = createTenantReply(
    parts.map((part) => part.step),
    statement.limits,
    columns,
  );
  return {
    request: Buffer.concat(messages),
    reply,
    confirm: () => preparation.confirm(reply.result().columns),
    abandon: preparation.abandon,
  };
}

const begin = 'BEGIN READ ONLY';
const rollback = 'ROLLBACK';

/** The statement's snapshot must be taken after the scope's: what had been replayed by then, it sees. */
const beginOnStandby = 'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY';

/** A commit is visible before its place in the log counts as replayed, and positions never go back within a transaction. */
const onceReplayed = (useScopeFunction: string) =>
  `SELECT CASE WHEN pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= $2::pg_lsn THEN ${useScopeFunction}($1) ELSE '{}' END`;

function onOwnLogin(
  statement: TenantStatement,
  [start = begin, scope = '']: readonly string[],
  preparation: Preparation,
  columnsKnown: boolean,
): Part[] {
  const { scopeToken, text, values, limits, replayedTo } = statement;
  const scopeValues = replayedTo === undefined ? [scopeToken] : [scopeToken, replayedTo];
  return [
    { step: 'begin', messages: run(preparation, start) },
    { step: 'scope', messages: run(preparation, scope, scopeValues) },
    {
      step: 'rows',
      messages: [
        ...preparation.bind(text, values?.map(toBindText)),
        ...(columnsKnown ? [] : [describePortal]),
        serialize.execute({ rows: limits.maxRows + 1 }),
      ],
    },
    { step: 'rollback', messages: run(preparation, rollback) },
  ];
}

export const cursorPrefix = 'DECLARE caller_rows NO SCROLL CURSOR FOR ';

function onSharedSession(statement: TenantStatement, scope: string, role: string, preparation: Preparation): Part[] {
  const { scopeToken, text, values, limits } = statement;
  return [
    { step: 'begin', messages: run(preparation, begin) },
    { step: 'scope', messages: run(preparation, scope, [scopeToken]) },
    { step: 'role', messages: run(preparation, `SET LOCAL ROLE ${role}`) },
    { step: 'declare', messages: run(preparation, `${cursorPrefix}${text}`, values) },
    // A utility statement runs to its end before the first row leaves, so the limit stands in its text.
    { step: 'rows', messages: [...preparation.bind(`FETCH ${limits.maxRows + 1} FROM caller_rows`), describePortal, executeAll] },
    { step: 'rollback', messages: run(preparation, rollback) },
  ];
}

/** Bind, execute. A row limit leaves the portal suspended; the next bind drops it. */
function run(preparation: Preparation, text: string, values?: readonly BindValue[]): Buffer[] {
  return [...preparation.bind(text, values?.map(toBindText)), executeAll];
}

const sync = serialize.sync();
const executeAll = serialize.execute({ rows: 0 });
const describePortal = serialize.describe({ type: 'P' });

export function toBindText(value: BindValue): string | null {
  if (value === null) return null;
  if (typeof value === 'object') return `{${value.map(toArrayElement).join(',')}}`;
  return String(value);
}

/** https://www.postgresql.org/docs/17/arrays.html#ARRAYS-IO */
function toArrayElement(value: string | number | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'number') return String(value);
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** As both drivers parse a field of RowDescription. */
export interface DescribedField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly tableID: number;
  readonly columnID: number;
}

const toColumn = ({ name, dataTypeID, tableID, columnID }: DescribedField): ResultColumn => ({
  name,
  typeOid: dataTypeID,
  tableOid: tableID,
  columnNumber: columnID,
});

export type TenantReply = ReturnType<typeof createTenantReply>;

/** Follows the answer through the steps and keeps at most what the limits allow, while it streams in. */
function createTenantReply(steps: readonly Step[], limits: ResultLimits, knownColumns: readonly ResultColumn[] = []) {
  let position = 0;
  let verifiedTenantIds: readonly number[] = [];
  let columns = knownColumns;
  const rows: (readonly (string | null)[])[] = [];
  let bytes = 0;
  let truncated = false;

  const keepRow = (fields: readonly (string | null)[]) => {
    if (truncated) return;
    for (const field of fields) if (field !== null) bytes += Buffer.byteLength(field);
    if (rows.length >= limits.maxRows || bytes > limits.maxBytes) truncated = true;
    else rows.push(fields);
  };

  return {
    rowDescription(fields: readonly DescribedField[]): void {
      if (steps[position] === 'rows') columns = fields.map(toColumn);
    },
    dataRow(fields: readonly (string | null)[]): void {
      if (steps[position] === 'scope') verifiedTenantIds = parseIntArray(fields[0] ?? null);
      else if (steps[position] === 'rows') keepRow(fields);
    },
    /** After CommandComplete, PortalSuspended or EmptyQueryResponse. */
    stepDone(): void {
      position += 1;
    },
    /** True once the database has answered the token with no tenant at all: whatever follows is worth nothing. */
    scopeRefused(): boolean {
      return position > steps.indexOf('scope') && verifiedTenantIds.length === 0;
    },
    result(): TenantResult {
      return { verifiedTenantIds, columns, rows, truncated };
    },
  };
}

/** A statement can fail for want of rows (`1 / count(*)`), and under a refused token that error is as false as an empty answer. */
export function scopeRefusal(cause: Error): Error {
  return Object.assign(new Error('the database refused the scope token of this call', { cause }), { code: '28000' });
}

/** `{1,3}` → `[1, 3]`. */
function parseIntArray(text: string | null): number[] {
  if (text === null || text === '{}') return [];
  return text.slice(1, -1).split(',').map(Number);
}
