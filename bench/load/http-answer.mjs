// Reads HTTP/1.1 answers off a raw socket (RFC 9112): a general client would cost the generator more than some servers' work.

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string} head status line and header fields
 * @property {Buffer} body
 */

/**
 * @param {Buffer} bytes everything that has come since the last answer
 * @returns {Answer | undefined} undefined while it is not complete
 */
export function parseAnswer(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = bytes.latin1Slice(0, headEnd);
  const status = Number(head.slice(9, 12));
  const start = headEnd + 4;
  const length = headerField(head, 'content-length');
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? undefined : { status, head, body: bytes.subarray(start, end) };
  }
  if (!/chunked/i.test(headerField(head, 'transfer-encoding') ?? '')) return { status, head, body: bytes.subarray(start) };
  const body = dechunk(bytes, start);
  return body === undefined ? undefined : { status, head, body };
}

/** @param {string} head @param {string} name in lower case */
export function headerField(head, name) {
  const found = new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'i').exec(head);
  return found?.[1]?.trimEnd();
}

/** @param {Buffer} bytes @param {number} from */
function dechunk(bytes, from) {
  const parts = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.latin1Slice(at, lineEnd), 16);
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (size === 0) return parts.length === 1 ? parts[0] : Buffer.concat(parts);
    parts.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
}

/**
 * Joins what has come only when it can be complete: large answers come in many pieces.
 *
 * @param {(answer: Answer) => void} onAnswer
 * @returns {(chunk: Buffer) => void} takes what the socket reads, one answer at a time
 */
export function createAnswerReader(onAnswer) {
  /** @type {Buffer[]} */
  let held = [];
  let size = 0;
  let needed = 0;
  return (chunk) => {
    held.push(chunk);
    size += chunk.length;
    if (size < needed) return;
    const bytes = held.length === 1 ? chunk : Buffer.concat(held, size);
    const answer = parseAnswer(bytes);
    if (answer === undefined) {
      held = [bytes];
      needed = leastSize(bytes);
      return;
    }
    held = [];
    size = 0;
    needed = 0;
    onAnswer(answer);
  };
}

/** Bytes without which an answer cannot be complete. @param {Buffer} bytes */
function leastSize(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return bytes.length + 1;
  const length = headerField(bytes.latin1Slice(0, headEnd), 'content-length');
  if (length !== undefined) return headEnd + 4 + Number(length);
  const chunk = openChunk(bytes, headEnd + 4);
  return chunk ?? bytes.length + 1;
}

/** Where the chunk that has not ended yet will end. @param {Buffer} bytes @param {number} from */
function openChunk(bytes, from) {
  for (let at = from; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const end = lineEnd + 2 + Number.parseInt(bytes.latin1Slice(at, lineEnd), 16) + 2;
    if (end > bytes.length) return end;
    at = end;
  }
}
