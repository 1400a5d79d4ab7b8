import { connect } from 'node:net';
import { createAnswerReader, headerField } from './http-answer.mjs';
import { createRequest, initialize, initialized, nextId, parseMessage } from './protocol.mjs';

/**
 * @typedef {object} Lane one call at a time
 * @property {(request: import('./protocol.mjs').Request, onAnswer: (id: number, answer: {status: number, body: Buffer}) => void) => void} call
 * @property {() => void} close
 */

/**
 * A session over streamable HTTP: one kept-alive connection with a handshake of its own.
 *
 * @param {{ url: string, headers?: Record<string, string> }} target
 * @param {(error: Error) => void} onLost the connection ended while nobody closed it
 * @returns {Promise<Lane>}
 */
export async function openHttpLane(target, onLost = () => {}) {
  const { hostname, port, pathname, host } = new URL(target.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  let closed = false;
  /** @type {((answer: import('./http-answer.mjs').Answer) => void) | undefined} */
  let waiting;
  socket.on(
    'data',
    createAnswerReader((answer) => waiting?.(answer)),
  );
  const fields = {
    Host: host,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    ...target.headers,
  };
  const headOf = (more = {}) =>
    `POST ${pathname} HTTP/1.1\r\n${Object.entries({ ...fields, ...more })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}Content-Length: `;
  const post = (head, length, text) =>
    new Promise((resolve, reject) => {
      waiting = resolve;
      socket.once('close', () => reject(new Error('the connection was closed in the handshake')));
      socket.write(`${head}${length}\r\n\r\n${text}`, 'latin1');
    });

  socket.on('error', () => {});
  const request = createRequest(initialize.method, initialize.params);
  const welcome = await post(headOf(), request.length, `${request.before}${nextId()}${request.after}`);
  if (welcome.status !== 200) throw new Error(`initialize was answered with ${welcome.status}: ${welcome.body}`);
  const { protocolVersion } = parseMessage(welcome.body).result;
  const session = headerField(welcome.head, 'mcp-session-id');
  const head = headOf({
    'MCP-Protocol-Version': protocolVersion,
    ...(session === undefined ? {} : { 'Mcp-Session-Id': session }),
  });
  const note = JSON.stringify(initialized);
  await post(head, note.length, note);
  socket.removeAllListeners('close');
  socket.once('close', () => {
    if (!closed) onLost(new Error('the server closed the connection'));
  });
  return {
    call({ before, after, length }, onAnswer) {
      const id = nextId();
      waiting = (answer) => onAnswer(id, answer);
      socket.write(`${head}${length}\r\n\r\n${before}${id}${after}`, 'latin1');
    },
    close() {
      closed = true;
      socket.destroy();
    },
  };
}
