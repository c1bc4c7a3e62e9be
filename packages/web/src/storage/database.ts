/** One IndexedDB database: opened when it is needed, and again after the browser has closed it. */

import type { StorageEnvironment } from './environment.js';
import { nameOf, StorageError, storageError } from './errors.js';

/** A version of a database, and how to make it from an older one (0: there was none). */
export interface Schema {
  readonly version: number;
  upgrade(database: IDBDatabase, from: number): void;
}

/** A database that opens itself. */
export class StoredDatabase {
  readonly name: string;
  readonly #environment: StorageEnvironment;
  readonly #schema: Schema;
  #connection: Promise<IDBDatabase> | undefined;
  #closed = false;

  constructor(name: string, schema: Schema, environment: StorageEnvironment) {
    this.name = name;
    this.#schema = schema;
    this.#environment = environment;
  }

  /**
   * Runs `work` in one transaction, and resolves with what it returned once that is on disk.
   *
   * `work` must ask for everything before it returns, or in what it gives to {@link Work.take}: a transaction ends by
   * itself when nothing is asked of it. If it throws, there or here, nothing is changed.
   *
   * @throws StorageError says what is wrong; then nothing was changed.
   */
  async write<T>(stores: readonly string[], work: (work: Work) => T): Promise<T> {
    return this.#run(stores, 'readwrite', work);
  }

  /** Runs `work` in one transaction that changes nothing. */
  async read<T>(stores: readonly string[], work: (work: Work) => T): Promise<T> {
    return this.#run(stores, 'readonly', work);
  }

  /** Lets the database go, so that the page can rest and others can upgrade; the next use opens it again. */
  release(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.then((database) => database.close(), ignore);
  }

  /** Lets the database go for good. */
  close(): void {
    this.#closed = true;
    this.release();
  }

  async #run<T>(stores: readonly string[], mode: IDBTransactionMode, work: (work: Work) => T): Promise<T> {
    try {
      const transaction = await this.#begin(stores, mode);
      return await finished(transaction, work);
    } catch (error) {
      throw storageError(this.name, error);
    }
  }

  async #begin(stores: readonly string[], mode: IDBTransactionMode): Promise<IDBTransaction> {
    // `strict` asks the browser to wait for the disk; where it is not known, the option is ignored.
    const options: IDBTransactionOptions = mode === 'readwrite' ? { durability: 'strict' } : {};
    const begin = async () => (await this.#open()).transaction([...stores], mode, options);
    try {
      return await begin();
    } catch (error) {
      if (nameOf(error) !== 'InvalidStateError') {
        throw error;
      }
      // The browser closed the connection between two events (site data cleared, or another page upgrades).
      this.release();
      return begin();
    }
  }

  async #open(): Promise<IDBDatabase> {
    if (this.#closed) {
      throw new StorageError('closed', this.name, 'was closed; make a new one');
    }
    this.#connection ??= this.#connect();
    const opening = this.#connection;
    opening.catch(() => {
      if (this.#connection === opening) {
        this.#connection = undefined; // The next use tries anew.
      }
    });
    return opening;
  }

  #connect(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = this.#request();
      let given = false;
      request.onupgradeneeded = ({ oldVersion }) => this.#schema.upgrade(request.result, oldVersion);
      request.onblocked = () => {
        given = true;
        const text =
          'another page keeps an older version open; close the other tabs of this site, then try again';
        reject(new StorageError('blocked', this.name, text));
      };
      request.onerror = () => reject(openError(this.name, this.#schema.version, request.error));
      request.onsuccess = () => {
        const database = request.result;
        if (given || this.#closed) {
          database.close(); // Came too late for whoever asked.
          reject(new StorageError('closed', this.name, 'was closed while it was opened'));
          return;
        }
        database.onversionchange = () => this.#lost(database);
        database.onclose = () => this.#lost(database);
        resolve(database);
      };
    });
  }

  #request(): IDBOpenDBRequest {
    const factory = this.#environment.indexedDB;
    if (factory === undefined || factory === null) {
      throw new StorageError(
        'unavailable',
        this.name,
        'there is no IndexedDB here (private mode, or not a browser)',
      );
    }
    return factory.open(this.name, this.#schema.version);
  }

  #lost(database: IDBDatabase): void {
    database.close();
    this.#connection = undefined;
  }
}

/** One transaction while it runs. */
export class Work {
  readonly #transaction: IDBTransaction;
  /** What was thrown in it, which says more than the browser's `AbortError`. */
  thrown: unknown;

  constructor(transaction: IDBTransaction) {
    this.#transaction = transaction;
  }

  store(name: string): IDBObjectStore {
    return this.#transaction.objectStore(name);
  }

  /** Gives `take` what the request finds. What `take` throws undoes the transaction, and does not reach the page. */
  take<T>(request: IDBRequest<T>, take: (value: T) => void): void {
    request.onsuccess = () => this.guard(() => take(request.result));
  }

  /** Gives `take` each row of a cursor, in its order. */
  each(
    request: IDBRequest<IDBCursorWithValue | null>,
    take: (row: IDBCursorWithValue) => void,
    end: () => void,
  ): void {
    this.take(request, (row) => {
      if (row === null) {
        end();
        return;
      }
      take(row);
      row.continue();
    });
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.thrown ??= error;
      this.#transaction.abort();
    }
  }
}

function finished<T>(transaction: IDBTransaction, run: (work: Work) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const work = new Work(transaction);
    let value: T;
    transaction.oncomplete = () => resolve(value);
    transaction.onabort = () =>
      reject(work.thrown ?? transaction.error ?? new DOMException('aborted', 'AbortError'));
    work.guard(() => {
      value = run(work);
    });
  });
}

function openError(name: string, supported: number, error: unknown): StorageError {
  if (nameOf(error) === 'VersionError') {
    const text = `written by a newer version of the program (accepted here: up to ${supported}); reload this page`;
    return new StorageError('newerVersion', name, text, { supported }, error);
  }
  if (nameOf(error) === 'InvalidStateError') {
    // What Firefox said in private windows before it could keep databases there.
    return new StorageError(
      'unavailable',
      name,
      'this page may not keep a database (private mode)',
      {},
      error,
    );
  }
  return storageError(name, error);
}

function ignore(): void {
  // Whoever opened it was told.
}
