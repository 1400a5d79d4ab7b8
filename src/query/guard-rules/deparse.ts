import type {
  A_Indirection,
  FuncCall,
  JsonArgument,
  JsonBehavior,
  JsonFuncExpr,
  JsonTable,
  JsonTableColumn,
  JsonTablePathSpec,
  Node,
} from 'libpg-query';
import { Deparser, QuoteUtils } from 'pgsql-deparser';
import { type Message, namesOf } from './tree.ts';

type Context = NonNullable<Parameters<Deparser['visit']>[1]>;
/** With fields that the grammar always sets, though the parser's types do not say so. Where one is missing after all, nothing is written. */
type With<T, Fields extends keyof T> = Omit<T, Fields> & Required<Pick<T, Fields>>;

/** SQL text of a tree. The deparser has been seen to change meaning: whoever uses the text parses it again and compares. */
export const deparse = (statement: Message): string =>
  new Postgres17Deparser({ SelectStmt: statement } as Node, { pretty: false }).deparseQuery();

const wrappers: Readonly<Record<string, string>> = {
  JSW_NONE: ' WITHOUT WRAPPER',
  JSW_CONDITIONAL: ' WITH CONDITIONAL WRAPPER',
  JSW_UNCONDITIONAL: ' WITH UNCONDITIONAL WRAPPER',
};
const quotes: Readonly<Record<string, string>> = { JS_QUOTES_KEEP: ' KEEP QUOTES', JS_QUOTES_OMIT: ' OMIT QUOTES' };

/**
 * Adds what PostgreSQL 17 brought and the deparser does not know, the SQL/JSON query functions and `AT LOCAL`, and the brackets that it
 * forgets around some expressions with a subscript, such as `(ARRAY['low', 'high'])[n]`.
 */
class Postgres17Deparser extends Deparser {
  override A_Indirection({ arg, indirection }: With<A_Indirection, 'arg' | 'indirection'>, context: Context): string {
    const steps = indirection.map((step) => {
      if ('A_Star' in step) return '.*';
      return 'String' in step ? `.${QuoteUtils.quoteIdentifier(String(step.String.sval))}` : this.visit(step, context);
    });
    return `(${this.visit(arg, context)})${steps.join('')}`;
  }

  override FuncCall(node: FuncCall, context: Context): string {
    const [only, more] = node.args ?? [];
    const isAtLocal =
      node.funcformat === 'COERCE_SQL_SYNTAX' && namesOf(node.funcname).at(-1) === 'timezone' && more === undefined;
    return isAtLocal && only !== undefined ? `((${this.visit(only, context)}) AT LOCAL)` : super.FuncCall(node, context);
  }

  JsonFuncExpr(node: With<JsonFuncExpr, 'context_item' | 'pathspec'>, context: Context): string {
    const name = String(node.op).replace(/_OP$/, '');
    const item = this.JsonValueExpr(node.context_item, context);
    const path = this.visit(node.pathspec, context);
    const output = this.formatJsonOutput(node.output, context);
    const returning = output === null ? '' : ` ${output}`;
    return `${name}(${item}, ${path}${this.passing(node.passing, context)}${returning}${this.answers(node, context)})`;
  }

  JsonTable(node: With<JsonTable, 'context_item' | 'columns' | 'pathspec'>, context: Context): string {
    const item = this.JsonValueExpr(node.context_item, context);
    const passing = this.passing(node.passing, context);
    const columns = this.tableColumns(node.columns, context);
    const lateral = node.lateral === true ? 'LATERAL ' : '';
    const alias = node.alias === undefined ? '' : ` ${this.Alias(node.alias, context)}`;
    const onError = this.answers({ on_error: node.on_error }, context);
    return `${lateral}JSON_TABLE(${item}, ${this.path(node.pathspec, context)}${passing}${columns}${onError})${alias}`;
  }

  private tableColumns(columns: Node[], context: Context): string {
    const written = columns.map((node) => this.tableColumn((node as { JsonTableColumn: TableColumn }).JsonTableColumn, context));
    return ` COLUMNS (${written.join(', ')})`;
  }

  private tableColumn(column: TableColumn, context: Context): string {
    const path = column.pathspec === undefined ? '' : ` PATH ${this.path(column.pathspec, context)}`;
    if (column.coltype === 'JTC_NESTED') return `NESTED${path}${this.tableColumns(column.columns, context)}`;
    const name = QuoteUtils.quoteIdentifier(column.name);
    if (column.coltype === 'JTC_FOR_ORDINALITY') return `${name} FOR ORDINALITY`;
    const type = ` ${this.TypeName(column.typeName, context)}`;
    if (column.coltype === 'JTC_EXISTS')
      return `${name}${type} EXISTS${path}${this.answers({ on_error: column.on_error }, context)}`;
    const format = this.formatJsonFormat(column.format);
    return `${name}${type}${format === null ? '' : ` ${format}`}${path}${this.answers(column, context)}`;
  }

  private path(spec: JsonTablePathSpec, context: Context): string {
    const path = this.visit((spec as With<JsonTablePathSpec, 'string'>).string, context);
    return spec.name === undefined ? path : `${path} AS ${QuoteUtils.quoteIdentifier(spec.name)}`;
  }

  private passing(list: Node[] | undefined, context: Context): string {
    if (list === undefined || list.length === 0) return '';
    const written = list.map((node) => {
      const { val, name } = (node as { JsonArgument: With<JsonArgument, 'val' | 'name'> }).JsonArgument;
      return `${this.JsonValueExpr(val, context)} AS ${QuoteUtils.quoteIdentifier(name)}`;
    });
    return ` PASSING ${written.join(', ')}`;
  }

  /** The clauses that say what an answer looks like: wrapper, quotes, ON EMPTY, ON ERROR. */
  private answers(node: Answers, context: Context): string {
    const parts = [wrappers[node.wrapper ?? ''] ?? '', quotes[node.quotes ?? ''] ?? ''];
    if (node.on_empty !== undefined) parts.push(` ${this.behaviour(node.on_empty, context)} ON EMPTY`);
    if (node.on_error !== undefined) parts.push(` ${this.behaviour(node.on_error, context)} ON ERROR`);
    return parts.join('');
  }

  private behaviour(behaviour: JsonBehavior, context: Context): string {
    const words = String(behaviour.btype).replace('JSON_BEHAVIOR_', '').replace('_', ' ');
    return behaviour.expr === undefined ? words : `${words} ${this.visit(behaviour.expr, context)}`;
  }
}

type TableColumn = With<JsonTableColumn, 'name' | 'typeName' | 'columns'>;
type Answers = Partial<Record<'on_empty' | 'on_error', JsonBehavior | undefined>> & Pick<JsonFuncExpr, 'wrapper' | 'quotes'>;
