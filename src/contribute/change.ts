/** A branch's difference to its base, as the checks read it. */
export interface Change {
  readonly files: readonly ChangedFile[];
  readonly commits: readonly Commit[];
}

export interface ChangedFile {
  readonly path: string;
  readonly status: 'added' | 'modified' | 'deleted';
  /** Of files that are there; undefined for what is no text of the project. */
  readonly text?: string | undefined;
}

export interface Commit {
  readonly subject: string;
  readonly author: string;
  /** `Key: value` lines at the end of the message, by key in lower case (git-interpret-trailers). */
  readonly trailers: Readonly<Record<string, readonly string[]>>;
}
