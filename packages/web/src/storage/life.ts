/** How the pages of one store know of each other whether they live. */

import type { StorageEnvironment } from './environment.js';
import { StorageError } from './errors.js';

/** Whether pages live. A page is named by its producer. */
export interface Life {
  /**
   * From when it resolves until `leave`, this page is known to live. `again` waits for those who look after it already.
   *
   * @throws StorageError (`inUse`) if another living page has this name.
   */
  enter(page: string, again: boolean): Promise<void>;
  /** Others may take over what this page left: it ends, or it rests and cannot act. */
  leave(): Promise<void>;
  /**
   * Calls `ended` once `page` lives no longer, and waits for what it returns before others are let on.
   * Returns how to stop watching.
   */
  watch(page: string, ended: () => Promise<void>): () => void;
}

/**
 * By Web Locks: a page holds a lock of its own, which the browser takes from it when it ends, however it ends. Who waits
 * for that lock learns of the end without asking again and again. Watchers share the lock, so that one which sleeps
 * keeps nobody else waiting; which of them takes the entries over is settled by the database's transaction.
 */
export class LockLife implements Life {
  readonly #locks: LockManager;
  readonly #prefix: string;
  readonly #store: string;
  #release: (() => void) | undefined;
  #held: string | undefined;
  #entering = new AbortController();

  constructor(store: string, locks: LockManager) {
    this.#store = store;
    this.#locks = locks;
    this.#prefix = `${store}:page:`;
  }

  async enter(page: string, again: boolean): Promise<void> {
    if (this.#held === page) {
      return;
    }
    await this.leave();
    this.#entering = new AbortController();
    const { signal } = this.#entering;
    return new Promise((resolve, reject) => {
      const held = (lock: Lock | null) => {
        if (lock === null) {
          reject(
            new StorageError('inUse', this.#store, `another living page has the producer ${page}`, { page }),
          );
          return undefined;
        }
        return new Promise<void>((release) => {
          this.#release = release;
          this.#held = page;
          resolve();
        });
      };
      // A signal cannot stand beside `ifAvailable`, which never waits.
      const options: LockOptions = again ? { signal } : { ifAvailable: true };
      this.#locks.request(this.#prefix + page, options, held).catch((error: unknown) => {
        const text = signal.aborted
          ? 'the page left before it was known to live'
          : 'this page may not use Web Locks';
        reject(
          new StorageError(signal.aborted ? 'closed' : 'unavailable', this.#store, text, { page }, error),
        );
      });
    });
  }

  async leave(): Promise<void> {
    this.#entering.abort();
    this.#release?.();
    this.#release = undefined;
    this.#held = undefined;
  }

  watch(page: string, ended: () => Promise<void>): () => void {
    const stop = new AbortController();
    const options: LockOptions = { mode: 'shared', signal: stop.signal };
    const wait = this.#locks.request(this.#prefix + page, options, () =>
      stop.signal.aborted ? undefined : ended(),
    );
    wait.catch(() => {
      // Stopped, or the page itself ends: nothing is left to be told.
    });
    return () => stop.abort();
  }
}

/** What leases need of the database. */
export interface LeaseStore {
  /** Notes that `page` lives now. */
  renew(page: string): Promise<void>;
  /** Notes that `page` lives no longer. */
  end(page: string): Promise<void>;
  /** The other pages, and when each was last known to live. */
  pages(): Promise<ReadonlyMap<string, number>>;
}

/**
 * By leases, where there are no Web Locks (pages without TLS): each page writes down now and then that it lives, and
 * looks who has not for long. A page that is merely slow can so be taken for gone; its entries then go out twice under
 * the same numbers, and the server keeps one.
 */
export class LeaseLife implements Life {
  readonly #environment: StorageEnvironment;
  readonly #store: LeaseStore;
  readonly #renewalMs: number;
  readonly #leaseMs: number;
  readonly #watched = new Map<string, () => Promise<void>>();
  #page: string | undefined;
  #cancel: (() => void) | undefined;

  constructor(environment: StorageEnvironment, store: LeaseStore, renewalMs: number, leaseMs: number) {
    this.#environment = environment;
    this.#store = store;
    this.#renewalMs = renewalMs;
    this.#leaseMs = leaseMs;
  }

  async enter(page: string): Promise<void> {
    this.#stop();
    this.#page = page;
    await this.#store.renew(page);
    this.#plan(page);
  }

  async leave(): Promise<void> {
    const page = this.#page;
    this.#stop();
    if (page !== undefined) {
      await this.#store.end(page);
    }
  }

  watch(page: string, ended: () => Promise<void>): () => void {
    this.#watched.set(page, ended);
    return () => this.#watched.delete(page);
  }

  #stop(): void {
    this.#page = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #plan(page: string): void {
    if (this.#page !== page) {
      return;
    }
    this.#cancel = this.#environment.setTimer(this.#renewalMs, () => {
      void this.#look(page).then(() => this.#plan(page));
    });
  }

  async #look(page: string): Promise<void> {
    try {
      await this.#store.renew(page);
      const pages = await this.#store.pages();
      for (const [other, ended] of [...this.#watched]) {
        if (this.#isOver(pages.get(other))) {
          this.#watched.delete(other);
          await ended();
        }
      }
    } catch {
      // The store reports what it could not do; the next round tries again.
    }
  }

  /** A lease from the future is one of a clock that was set back: it must not live for ever. */
  #isOver(seenAt: number | undefined): boolean {
    return seenAt === undefined || Math.abs(this.#environment.wallClock() - seenAt) > this.#leaseMs;
  }
}
