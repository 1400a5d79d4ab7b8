import { AppError } from '../../src/core/errors.ts';

/** How the guard refuses. Any other error is passed on, and an approval is one. */
export function refusalOf(approve: () => { readonly text: string }): AppError {
  try {
    const { text } = approve();
    throw new Error(`approved: ${text}`);
  } catch (error) {
    if (error instanceof AppError && error.code === 'query_rejected') return error;
    throw error;
  }
}
