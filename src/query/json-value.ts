import type { TypeCatalog } from './type-catalog.ts';

/** Turns one value from PostgreSQL's text format into JSON text. */
export type ToJson = (text: string) => string;

const asString: ToJson = (text) => JSON.stringify(text);
/** Numbers keep their exact digits; NaN and the infinities have no JSON number. */
const asNumber: ToJson = (text) => (/^-?\d/.test(text) ? text : asString(text));
const asBigInteger: ToJson = (text) => (Number.isSafeInteger(Number(text)) ? text : asString(text));
const asTimestamp: ToJson = (text) => asString(/^\d{4,}-[^ ]+ [^ ]+$/.test(text) ? text.replace(' ', 'T') : text);
/** The session's time zone is UTC, so the offset is always `+00`. */
const asInstant: ToJson = (text) => asString(/^\d{4,}-.*\+00$/.test(text) ? `${text.slice(0, -3).replace(' ', 'T')}Z` : text);
/** Type `json` keeps the writer's line breaks; between tokens, where alone they can stand, a blank means the same. */
const asJson: ToJson = (text) => text.replace(/[\r\n]/g, ' ');

const scalars: Record<string, ToJson> = {
  bool: (text) => (text === 't' ? 'true' : 'false'),
  int2: asNumber,
  int4: asNumber,
  int8: asBigInteger,
  numeric: asNumber,
  float4: asNumber,
  float8: asNumber,
  timestamp: asTimestamp,
  timestamptz: asInstant,
  json: asJson,
  jsonb: asJson,
  bytea: (text) => asString(text.replace(/^\\x/, '')),
};

/** Types without a row of their own (uuid, interval, ranges …) stay PostgreSQL's text. */
export function jsonConverter(typeOid: number, types: TypeCatalog): ToJson {
  const type = types.get(typeOid);
  if (type === undefined) return asString;
  const element = type.elementOid === 0 ? undefined : types.get(type.elementOid);
  if (element !== undefined) {
    const convert = scalars[element.name] ?? asString;
    // int2vector and oidvector are arrays in the catalogue and bare lists in their text.
    return (text) => (/^[{[]/.test(text) ? arrayToJson(text, convert) : asString(text));
  }
  return scalars[type.name] ?? asString;
}

/** `{1,NULL,"a b"}`, nested and with explicit bounds too: https://www.postgresql.org/docs/17/arrays.html#ARRAYS-IO */
function arrayToJson(text: string, convert: ToJson): string {
  let position = text.startsWith('[') ? text.indexOf('=') + 1 : 0;

  const readQuoted = (): string => {
    let value = '';
    position += 1;
    while (text[position] !== '"') {
      if (text[position] === '\\') position += 1;
      value += text[position];
      position += 1;
    }
    position += 1;
    return convert(value);
  };
  const readPlain = (): string => {
    const start = position;
    while (text[position] !== ',' && text[position] !== '}') position += 1;
    const value = text.slice(start, position);
    return value === 'NULL' ? 'null' : convert(value);
  };
  const readArray = (): string => {
    const elements: string[] = [];
    position += 1;
    while (text[position] !== '}') {
      if (text[position] === ',') position += 1;
      elements.push(text[position] === '{' ? readArray() : text[position] === '"' ? readQuoted() : readPlain());
    }
    position += 1;
    return `[${elements.join(',')}]`;
  };
  return readArray();
}
