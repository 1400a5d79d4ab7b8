import { userInfo } from 'node:os';

/** Whose hand it is. An account of a container may have no name. */
export function account(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`;
  }
}
