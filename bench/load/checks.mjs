// Is this answer right? Every answer is checked on its bytes; a few are parsed and compared value by value.
import { createHash } from 'node:crypto';
import { parseMessage } from './protocol.mjs';

/**
 * @typedef {object} Expected
 * @property {number} rows
 * @property {readonly string[]} needles figures that must be in the answer, as PostgreSQL writes them
 * @property {string} [digest] of all values, where the answer holds rows
 * @property {string} [key] name of the first column
 */

const objectRows = (rows) => rows.map(Object.values);

/** How each server says rows: what stands in the bytes once a row, and where the values are. */
export const styles = {
  /** A count, and rows as arrays. */
  counted: { mark: ({ rows }) => [`"row_count":${rows},`, 1], rowsOf: (result) => result.structuredContent.rows },
  /** One text block a row. */
  blocks: { mark: keyMark, rowsOf: (result) => objectRows(result.content.map(({ text }) => JSON.parse(text))) },
  /** One text block with all rows. */
  list: { mark: keyMark, rowsOf: (result) => objectRows(JSON.parse(result.content[0].text)) },
  /** One text block with rows for each statement. */
  statements: { mark: keyMark, rowsOf: (result) => objectRows(JSON.parse(result.content[0].text).data.statements[0].rows) },
  /** Descriptions of tables. */
  tables: { mark: ({ rows }) => ['"valid_values":', rows], rowsOf: undefined },
  /** Figures of whatever form: only the needles are known. */
  figures: { mark: () => ['"isError":true', 0], rowsOf: undefined },
};

function keyMark({ key, rows }) {
  return [`\\"${key}\\":`, rows];
}

/** @param {keyof typeof styles} style @param {Expected} expected @param {{ deep?: boolean }} [options] @returns {(id: number, status: number, body: Buffer) => string | undefined} what is wrong */
export function createCheck(style, expected, { deep = true } = {}) {
  const { mark, rowsOf } = styles[style];
  const [text, times] = mark(expected);
  const marker = Buffer.from(text);
  const needles = expected.needles.map((needle) => Buffer.from(needle));
  const failed = Buffer.from('"isError":true');
  const whole = deep && rowsOf !== undefined && expected.digest !== undefined;
  return (id, status, body, thorough = false) => {
    if (status !== 200) return `status ${status}`;
    if (body.includes(failed)) return 'an error of the tool';
    if (!body.includes(String(id))) return 'another id';
    const found = occurrences(body, marker);
    if (found !== times) return `${found} x ${text} in place of ${times}`;
    for (const needle of needles) if (!body.includes(needle)) return `no ${needle} in it`;
    if (thorough && whole && digestOf(rowsOf(parseMessage(body).result)) !== expected.digest) return 'other values';
    return undefined;
  };
}

/** @param {Buffer} body @param {Buffer} marker */
function occurrences(body, marker) {
  let count = 0;
  for (let at = body.indexOf(marker); at !== -1; at = body.indexOf(marker, at + marker.length)) count += 1;
  return count;
}

/** The same for the same values, however a server writes numbers and dates. @param {readonly (readonly unknown[])[]} rows */
export function digestOf(rows) {
  return createHash('sha256')
    .update(JSON.stringify(rows.map((row) => row.map(plain))))
    .digest('base64url');
}

function plain(value) {
  if (value === null) return null;
  const text = String(value);
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text) ? text.slice(0, 10) : text;
}

/** Bytes of the text blocks and of the whole message, for figures about size. @param {Buffer} body */
export function sizesOf(body) {
  const { result } = parseMessage(body);
  return { textBytes: result.content.reduce((sum, { text = '' }) => sum + Buffer.byteLength(text), 0), bodyBytes: body.length };
}
