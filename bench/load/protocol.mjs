// MCP by hand: the handshake of a session and calls as text whose id is filled in at the last moment.

const protocolVersion = '2025-11-25';

export const initialize = {
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'zava-bench', version: '1' } },
};
export const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' };

/** Nine digits, so that the length of a request does not depend on its id. */
const firstId = 100_000_000;
let lastId = firstId;
export const nextId = () => ++lastId;

/**
 * @typedef {object} Request a JSON-RPC request around its id
 * @property {string} before
 * @property {string} after
 * @property {number} length in bytes, id included
 */

/** @param {string} method @param {unknown} params @returns {Request} */
export function createRequest(method, params) {
  const before = '{"jsonrpc":"2.0","id":';
  const after = `,"method":${JSON.stringify(method)},"params":${ascii(JSON.stringify(params))}}`;
  return { before, after, length: before.length + 9 + after.length };
}

/** One byte a character, so that lengths are known and sockets need no encoding. @param {string} json */
function ascii(json) {
  return json.replace(/[\u0080-\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The JSON-RPC message of an answer, also out of an event stream. @param {Buffer} body */
export function parseMessage(body) {
  const text = body.toString('utf8');
  if (text.startsWith('{')) return JSON.parse(text);
  const data = text.split('\n').filter((line) => line.startsWith('data: {'));
  return JSON.parse((data.at(-1) ?? '').slice(6));
}

/** @param {Buffer} line an answer on stdio; its id is at the one end or at the other */
export function idOf(line) {
  const tail = /"id":(\d+)[^"]*$/.exec(line.toString('latin1', Math.max(0, line.length - 40)));
  const found = tail ?? /"id":(\d+)/.exec(line.toString('latin1', 0, 60));
  return found === null ? undefined : Number(found[1]);
}
