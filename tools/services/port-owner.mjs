import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { portSetting, ServicesError } from './plan.mjs';
import { commandOf, findPids, holdsSocket } from './process-table.mjs';

/** Throws when something else listens on the port, and says what, as far as this user may see it. */
export async function assertPortIsFree(service, label, port) {
  if (await canListen(port)) return;
  const owner = portOwner(port);
  throw new ServicesError(
    `Port ${port} for ${label} is taken by ${owner ? `${owner.command} (pid ${owner.pid})` : 'another program'}.`,
    `Stop it, or choose another port: ${portSetting(service)}=<port> npm run services:up`,
  );
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The inode of the socket listening on a port, out of /proc/net/tcp (proc(5): ports in hex, state 0A is LISTEN). */
export function listeningInode(procNetTcp, port) {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = procNetTcp.split('\n').map((line) => line.trim().split(/\s+/));
  return rows.find(([, local, , state]) => local?.endsWith(suffix) && state === '0A')?.[9];
}

function portOwner(port) {
  const inode = ['/proc/net/tcp', '/proc/net/tcp6']
    .filter((path) => existsSync(path))
    .map((path) => listeningInode(readFileSync(path, 'utf8'), port))
    .find(Boolean);
  if (!inode) return undefined;
  const [pid] = findPids((candidate) => holdsSocket(candidate, inode));
  return pid && { pid, command: commandOf(pid) };
}
