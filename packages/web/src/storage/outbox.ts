/** The durable outbox of a page: kept in IndexedDB, shared by the tabs of a browser. */

import type { OutboxEntry, OutboxKey, OutboxStore, PlatformSignal } from '../api.js';
import { toRow } from './entry.js';
import { environment, type StorageEnvironment } from './environment.js';
import { StorageError, storageError } from './errors.js';
import { LeaseLife, type Life, LockLife } from './life.js';
import { checkedLimits, LEASE_MS, LEASE_RENEWAL_MS, type OutboxLimits, PAGES_WATCHED_MAX } from './limits.js';
import { OutboxTables, type Put, type PutOutcome } from './outbox-tables.js';

/** What else a store may be told. */
export interface StorageOptions {
  /** What the browser gives; for tests and other runtimes. Default: the globals. */
  readonly environment?: Partial<StorageEnvironment>;
  /** Told what went wrong where no call of the application's can reject. Default: a warning on the console. */
  readonly onError?: (error: StorageError) => void;
}

/**
 * Makes a durable outbox. Nothing is touched before it is opened.
 *
 * Tabs with the same `name` share it and its bounds. Entries are on disk when `put` resolves.
 *
 * @throws StorageError (`invalid`) if a limit is out of its range.
 */
export function indexedDbOutbox(
  name: string,
  limits?: Partial<OutboxLimits>,
  options: StorageOptions = {},
): OutboxStore {
  return new IndexedDbOutbox(`everlink:outbox:${name}`, limits, options);
}

/** Reports what no caller can be told. */
export function reporter({ onError }: StorageOptions): (error: StorageError) => void {
  return (error) => {
    try {
      (onError ?? ((problem) => console.warn(`everlink: ${problem.message}`)))(error);
    } catch {
      // A listener that throws harms nobody.
    }
  };
}

/** What is asked to be written. */
interface Job {
  readonly put: Put;
  readonly removals: readonly OutboxKey[];
  readonly settle: (outcome: PutOutcome) => void;
}

class IndexedDbOutbox implements OutboxStore {
  readonly #name: string;
  readonly #environment: StorageEnvironment;
  readonly #tables: OutboxTables;
  readonly #life: Life;
  readonly #report: (error: StorageError) => void;
  readonly #listeners = new Set<(entries: readonly OutboxEntry[]) => void>();
  readonly #watches = new Map<string, () => void>();
  #page: string | undefined;
  #state: 'closed' | 'open' | 'resting' = 'closed';
  /** The page could not be made known; the next put tries again. */
  #isUnknown = false;
  #entered: Promise<void> = Promise.resolve();
  #stopSignals: (() => void) | undefined;
  #broadcast: BroadcastChannel | undefined;
  #jobs: Job[] = [];
  /** What could not be removed on a full disk: it goes with the next write that succeeds. */
  #owed: OutboxKey[] = [];
  #writing: Promise<void> | undefined;
  #lookAfterWrite = false;

  constructor(name: string, limits: Partial<OutboxLimits> | undefined, options: StorageOptions) {
    this.#name = name;
    this.#environment = environment(options.environment);
    this.#report = reporter(options);
    this.#tables = new OutboxTables(name, checkedLimits(name, limits), this.#environment);
    const { locks } = this.#environment;
    this.#life =
      locks === undefined
        ? new LeaseLife(this.#environment, this.#tables, LEASE_RENEWAL_MS, LEASE_MS)
        : new LockLife(name, locks);
  }

  async open(producer: string): Promise<void> {
    if (this.#state !== 'closed') {
      throw this.#closed(`is open for the producer ${this.#page}; close it first`);
    }
    this.#page = producer;
    this.#state = 'open';
    this.#stopSignals = this.#environment.onSignal((signal) => this.#onSignal(signal));
    await this.#makeKnown(false);
  }

  async put(entries: readonly OutboxEntry[]): Promise<void> {
    const page = this.#living();
    const put = entries.map((entry) => toRow(this.#name, entry, page));
    // Others must know of this page before it has something to leave.
    await (this.#isUnknown ? this.#makeKnown(false) : this.#entered);
    throwIf(await this.#ask(page, { put, removals: [] }));
  }

  async remove(keys: readonly OutboxKey[]): Promise<void> {
    throwIf(await this.#ask(this.#living(), { put: [], removals: keys }));
  }

  onLeft(listener: (entries: readonly OutboxEntry[]) => void): () => void {
    this.#listeners.add(listener);
    this.#lookSoon();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        this.#stopWatching();
      }
    };
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') {
      return;
    }
    this.#state = 'closed';
    this.#stopSignals?.();
    this.#listeners.clear();
    this.#stopWatching();
    await this.#writing;
    await this.#life.leave().catch((error: unknown) => this.#report(storageError(this.#name, error)));
    this.#broadcast?.close();
    this.#broadcast = undefined;
    this.#tables.release();
  }

  /** Makes this page known to the others. One that could not be tries again with the next put. */
  async #makeKnown(again: boolean): Promise<void> {
    this.#isUnknown = false;
    const entering = this.#enter(this.#page ?? '', again).catch((error: unknown) => {
      this.#isUnknown = true;
      throw storageError(this.#name, error);
    });
    this.#entered = entering.catch(() => undefined);
    await entering;
  }

  /** The lock comes first, so that nobody takes a page for dead that is just opening. */
  async #enter(page: string, again: boolean): Promise<void> {
    await this.#life.enter(page, again);
    await this.#tables.renew(page);
    if (this.#state !== 'open') {
      return;
    }
    this.#broadcast = this.#environment.broadcast?.(this.#name);
    if (this.#broadcast !== undefined) {
      this.#broadcast.onmessage = ({ data }: MessageEvent<unknown>) => data === OPENED && this.#lookSoon();
      this.#broadcast.postMessage(OPENED);
    }
    this.#lookSoon();
  }

  /** A page that is put away cannot send: others see to its entries meanwhile, and nothing keeps the browser from resting it. */
  #rest(): void {
    this.#stopWatching();
    this.#broadcast?.close();
    this.#broadcast = undefined;
    this.#life.leave().catch(() => undefined); // The page sleeps: its lease runs out by itself.
    this.#tables.release();
  }

  #onSignal(signal: PlatformSignal): void {
    if (this.#state === 'open' && (signal === 'frozen' || signal === 'pagehide')) {
      this.#state = 'resting';
      this.#rest();
    } else if (this.#state === 'resting' && (signal === 'resumed' || signal === 'pageshow')) {
      this.#state = 'open';
      this.#makeKnown(true).catch((error: unknown) => this.#failed(error));
    } else if (signal === 'visible') {
      this.#lookSoon();
    }
  }

  #lookSoon(): void {
    if (this.#state === 'open' && this.#listeners.size > 0) {
      this.#look().catch((error: unknown) => this.#failed(error));
    }
  }

  async #look(): Promise<void> {
    const pages = await this.#tables.pages();
    for (const page of pages.keys()) {
      const isWatching = this.#state === 'open' && this.#listeners.size > 0;
      if (
        isWatching &&
        page !== this.#page &&
        !this.#watches.has(page) &&
        this.#watches.size < PAGES_WATCHED_MAX
      ) {
        this.#watches.set(
          page,
          this.#life.watch(page, () => this.#takeOver(page)),
        );
      }
    }
  }

  async #takeOver(page: string): Promise<void> {
    this.#watches.delete(page);
    if (this.#state !== 'open' || this.#listeners.size === 0) {
      return;
    }
    try {
      const left = await this.#tables.takeOver(page, this.#page ?? '', (seenAt) => this.#isOver(seenAt));
      left.damaged.forEach(this.#report);
      this.#hand(left.entries);
      this.#lookSoon();
    } catch (error) {
      this.#lookAfterWrite = true; // Such as on a full disk: there may be room once something is written.
      this.#failed(error);
    }
  }

  /** Under Web Locks whoever got the lock knows; a lease may have been renewed meanwhile. */
  #isOver(seenAt: number | undefined): boolean {
    const byLock = this.#environment.locks !== undefined;
    return seenAt !== undefined && (byLock || Math.abs(this.#environment.wallClock() - seenAt) > LEASE_MS);
  }

  #hand(entries: readonly OutboxEntry[]): void {
    for (const listener of entries.length === 0 ? [] : this.#listeners) {
      try {
        listener(entries);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** Asks for a write, and resolves with what became of it. */
  #ask(page: string, job: Omit<Job, 'settle'>): Promise<PutOutcome> {
    return new Promise((settle) => {
      this.#jobs.push({ ...job, settle });
      this.#writing ??= this.#writeAll(page);
    });
  }

  /** Begins once the turn is over, so that all of it goes into one transaction; what comes meanwhile goes into the next. */
  async #writeAll(page: string): Promise<void> {
    await Promise.resolve();
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs.splice(0);
      if (!(await this.#write(page, jobs))) {
        // One that does not fit must not take the others with it; removals first, which make room.
        for (const job of jobs.sort((a, b) => b.removals.length - a.removals.length)) {
          await this.#write(page, [job]);
        }
      }
    }
    this.#writing = undefined;
  }

  /** Returns whether the jobs are settled; several that failed together are not. */
  async #write(page: string, jobs: readonly Job[]): Promise<boolean> {
    const owed = this.#owed.splice(0);
    const removals = [...owed, ...jobs.flatMap((job) => job.removals)];
    try {
      const outcomes = await this.#tables.write(
        page,
        jobs.map((job) => job.put),
        removals,
      );
      for (const [place, job] of jobs.entries()) {
        job.settle(outcomes[place]);
      }
    } catch (error) {
      this.#owed = owed;
      if (jobs.length > 1) {
        return false;
      }
      this.#owed.push(...jobs.flatMap((job) => job.removals));
      for (const job of jobs) {
        job.settle(storageError(this.#name, error));
      }
      return true;
    }
    if (this.#lookAfterWrite) {
      this.#lookAfterWrite = false;
      this.#lookSoon();
    }
    return true;
  }

  #stopWatching(): void {
    for (const stop of this.#watches.values()) {
      stop();
    }
    this.#watches.clear();
  }

  #living(): string {
    if (this.#page === undefined || this.#state === 'closed') {
      throw this.#closed('is not open');
    }
    return this.#page;
  }

  #failed(error: unknown): void {
    if (this.#state === 'open') {
      this.#report(storageError(this.#name, error));
    }
  }

  #closed(text: string): StorageError {
    return new StorageError('closed', this.#name, text);
  }
}

function throwIf(outcome: PutOutcome): void {
  if (outcome !== undefined) {
    throw outcome;
  }
}

const OPENED = 'opened';
