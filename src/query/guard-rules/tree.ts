/** A message of the parse tree, for example the inside of `{"ColumnRef": {…}}`. */
export type Message = Record<string, unknown>;
/** A message with its type's name around it, as the parser writes it wherever several types may stand. */
export type WrappedNode = Record<string, Message>;

export const isMessage = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The type's name and the message of a wrapped node; an absent or empty node (SQL's "nothing here") has none. */
export function unwrap(node: unknown): { type: string; message: Message } | undefined {
  if (!isMessage(node)) return undefined;
  const [type, more] = Object.keys(node);
  const message = type === undefined || more !== undefined ? undefined : node[type];
  return type !== undefined && isMessage(message) ? { type, message } : undefined;
}

/** The message inside, if the node is of this type. */
export function as(type: string, node: unknown): Message | undefined {
  const message = isMessage(node) ? node[type] : undefined;
  return isMessage(message) ? message : undefined;
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The messages of a list that holds nodes of this type alone. */
export const messagesOf = (type: string, list: unknown): readonly Message[] =>
  listOf(list)
    .map((node) => as(type, node))
    .filter((message) => message !== undefined);

/** The identifiers of a list of String nodes; a star stands for itself. */
export function namesOf(list: unknown): string[] {
  return listOf(list).map((node) => {
    const text = as('String', node);
    return text === undefined ? '*' : String(text.sval ?? '');
  });
}

export const stringNode = (sval: string): WrappedNode => ({ String: { sval } });

export const locationOf = (message: Message): number | undefined => {
  const { location } = message;
  return typeof location === 'number' && location >= 0 ? location : undefined;
};
