/** What can be wrong with a store: one class, and a word that programs can look at. */

/**
 * What went wrong.
 *
 * - `full`: a bound of the store is reached; `fields` says which one. Nothing of the call was taken.
 * - `quota`: the browser gives this site no more room.
 * - `blocked`: another page holds the database in a way that this page cannot open it now.
 * - `newerVersion`: a newer version of the program wrote the database; this one leaves it alone.
 * - `unavailable`: there is no IndexedDB here: private mode, a sandboxed frame, or not a browser.
 * - `inUse`: another living page has the same producer.
 * - `invalid`: what was to be stored cannot be stored; `fields` says what is accepted.
 * - `damaged`: something stored is not in the form that was written; it was skipped.
 * - `closed`: the store was closed, or not opened yet.
 * - `failed`: the browser refused for another reason, which is the `cause`.
 */
export type StorageProblem =
  | 'full'
  | 'quota'
  | 'blocked'
  | 'newerVersion'
  | 'unavailable'
  | 'inUse'
  | 'invalid'
  | 'damaged'
  | 'closed'
  | 'failed';

/** Numbers and names that belong to a problem. */
export type StorageFields = Readonly<Record<string, string | number | undefined>>;

/** Storage failed: this call changed nothing. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** What went wrong. */
  readonly problem: StorageProblem;
  /** Which database. */
  readonly store: string;
  /** What was found and what is accepted, for programs. */
  readonly fields: StorageFields;

  constructor(
    problem: StorageProblem,
    store: string,
    text: string,
    fields: StorageFields = {},
    cause?: unknown,
  ) {
    super(`${store}: ${text}`, cause === undefined ? undefined : { cause });
    this.problem = problem;
    this.store = store;
    this.fields = fields;
  }
}

/** Says what the browser's own error means. */
export function storageError(store: string, error: unknown): StorageError {
  if (error instanceof StorageError) {
    return error;
  }
  const name = nameOf(error);
  const known = KNOWN[name];
  if (known !== undefined) {
    return new StorageError(known[0], store, known[1], { browser: name }, error);
  }
  return new StorageError(
    'failed',
    store,
    `the browser refused: ${name || String(error)}`,
    { browser: name },
    error,
  );
}

/** The error's name, for objects that come from another realm too. */
export function nameOf(error: unknown): string {
  const name = (error as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : '';
}

const KNOWN: Readonly<Record<string, readonly [StorageProblem, string]>> = {
  QuotaExceededError: ['quota', 'the browser gives this site no more room; remove entries and try again'],
  VersionError: ['newerVersion', 'written by a newer version of the program; reload this page to get it'],
  SecurityError: [
    'unavailable',
    'this page may not use IndexedDB (private mode, or site data is switched off)',
  ],
  DataCloneError: ['invalid', 'the payload cannot be kept; accepted: bytes, and anything that JSON can say'],
};
