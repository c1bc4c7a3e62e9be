/** Pages of one browser for tests: they share a database and locks, and can be put away, or killed at any moment. */

import { IDBFactory as FakeFactory, forceCloseDatabase, IDBKeyRange } from 'fake-indexeddb';
import type { PlatformSignal } from '../../src/api.js';
import type { StorageEnvironment } from '../../src/storage/environment.js';
import { LockTable } from './locks.js';

globalThis.IDBKeyRange ??= IDBKeyRange as unknown as typeof globalThis.IDBKeyRange;

/** One browser. */
export class Browser {
  readonly indexedDB = new FakeFactory() as unknown as IDBFactory;
  readonly locks = new LockTable();
  readonly #pages = new Set<Page>();
  /** Milliseconds since 1970. */
  clock = 1_795_000_000_000;

  page(options: { locks?: boolean } = {}): Page {
    const page = new Page(this, options.locks ?? true);
    this.#pages.add(page);
    return page;
  }

  /** Lets time pass: what is due is called. */
  advance(ms: number): void {
    this.clock += ms;
    for (const page of this.#pages) {
      page.fireTimers();
    }
  }

  killAll(): void {
    for (const page of this.#pages) {
      page.kill();
    }
  }
}

/** One page. */
export class Page {
  readonly environment: StorageEnvironment;
  readonly #browser: Browser;
  readonly #databases: Set<IDBDatabase> = new Set();
  readonly #transactions = new Set<IDBTransaction>();
  readonly #channels = new Set<BroadcastChannel>();
  readonly #listeners = new Set<(signal: PlatformSignal) => void>();
  readonly #timers = new Set<{ at: number; run: () => void }>();
  isAlive = true;
  /** Told of each transaction. */
  onTransaction: ((mode: IDBTransactionMode, options: IDBTransactionOptions | undefined) => void) | undefined;
  /** How many bytes of payload one transaction may add before the browser says that there is no room. */
  quota = Infinity;
  /** What the transaction of the next `put` fails with, once. */
  failNextPut: string | undefined;
  /** Opens databases as this version, whatever is asked for: a page of a newer program. */
  schemaVersion: number | undefined;
  #addsLeft = Infinity;

  constructor(browser: Browser, locks: boolean) {
    this.#browser = browser;
    this.environment = {
      indexedDB: this.#factory(),
      locks: locks ? browser.locks.manager(this) : undefined,
      broadcast: (name) => this.#broadcast(name),
      wallClock: () => browser.clock,
      setTimer: (delayMs, run) => this.#setTimer(delayMs, run),
      onSignal: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  signal(signal: PlatformSignal): void {
    for (const listener of [...this.#listeners]) {
      listener(signal);
    }
  }

  /** Ends as by kill -9: transactions that are not complete are undone, locks are free, nothing of it runs any more. */
  kill(): void {
    this.isAlive = false;
    this.#timers.clear();
    this.#listeners.clear();
    for (const transaction of this.#transactions) {
      try {
        transaction.abort();
      } catch {
        // It is being committed: the browser has it already.
      }
    }
    for (const database of this.#databases) {
      forceCloseDatabase(database as never);
    }
    for (const channel of this.#channels) {
      channel.close();
    }
    this.#browser.locks.end(this);
  }

  /** Ends in the middle of a transaction, when that many more entries were added. */
  killAfterAdds(adds: number): void {
    this.#addsLeft = adds;
  }

  /** The browser takes the databases away, as it does when site data is cleared. */
  loseDatabases(): void {
    for (const database of [...this.#databases]) {
      forceCloseDatabase(database as never);
    }
    this.#databases.clear();
  }

  get openDatabases(): number {
    return this.#databases.size;
  }

  fireTimers(): void {
    for (const timer of [...this.#timers]) {
      if (timer.at <= this.#browser.clock && this.#timers.delete(timer)) {
        timer.run();
      }
    }
  }

  get timers(): number {
    return this.#timers.size;
  }

  #setTimer(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#browser.clock + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  #factory(): IDBFactory {
    const open = (name: string, version?: number) => {
      if (!this.isAlive) {
        throw new DOMException('the page is gone', 'AbortError');
      }
      const request = this.#browser.indexedDB.open(name, this.schemaVersion ?? version);
      request.addEventListener('success', () => this.#watch(request.result));
      return request;
    };
    return { open } as IDBFactory;
  }

  /** Looks at all that is done with a database. */
  #watch(database: IDBDatabase): void {
    const [begin, close] = [database.transaction.bind(database), database.close.bind(database)];
    this.#databases.add(database);
    database.close = () => {
      this.#databases.delete(database);
      close();
    };
    database.transaction = (stores, mode = 'readonly', options) => {
      if (!this.isAlive) {
        throw new DOMException('the page is gone', 'AbortError');
      }
      this.onTransaction?.(mode, options);
      const transaction = begin(stores, mode, options);
      this.#transactions.add(transaction);
      for (const end of ['complete', 'abort']) {
        transaction.addEventListener(end, () => this.#transactions.delete(transaction));
      }
      const getStore = transaction.objectStore.bind(transaction);
      const looked = new Set<IDBObjectStore>();
      let bytes = 0;
      transaction.objectStore = (store) => {
        const found = getStore(store);
        if (looked.has(found)) {
          return found;
        }
        looked.add(found);
        const [add, put] = [found.add.bind(found), found.put.bind(found)];
        found.add = (value, ...key) => {
          bytes += (value as { bytes?: number }).bytes ?? 0;
          const request = add(value, ...key);
          if (bytes > this.quota) {
            failWith(transaction, request, 'QuotaExceededError');
          }
          request.addEventListener('success', () => this.#added());
          return request;
        };
        found.put = (value, ...key) => {
          const request = put(value, ...key);
          if (this.failNextPut !== undefined) {
            failWith(transaction, request, this.failNextPut);
            this.failNextPut = undefined;
          }
          return request;
        };
        return found;
      };
      return transaction;
    };
  }

  #added(): void {
    this.#addsLeft -= 1;
    if (this.#addsLeft === 0) {
      this.kill();
    }
  }

  #broadcast(name: string): BroadcastChannel {
    const channel = new BroadcastChannel(name);
    (channel as unknown as { unref(): void }).unref();
    this.#channels.add(channel);
    return channel;
  }
}

function failWith(transaction: IDBTransaction, request: IDBRequest, name: string): void {
  const error = new DOMException('as the test wants', name);
  Object.defineProperty(transaction, 'error', { get: () => error });
  request.addEventListener('success', () => transaction.abort());
}
