import type { PrivilegeFinding } from '../postgres/privilege-check.ts';

/** A fault breaks a wall. A notice is a wall that this installation could have and has not; the others hold without it. */
export interface Finding extends PrivilegeFinding {
  readonly severity: 'fault' | 'notice';
}

export const fault = (id: string, where: string, what: string, remedy: string): Finding => ({
  id,
  severity: 'fault',
  where,
  what,
  remedy,
});

export const notice = (id: string, where: string, what: string, remedy: string): Finding => ({
  id,
  severity: 'notice',
  where,
  what,
  remedy,
});
