/** The outbox's tables, and the transactions on them. */

import type { OutboxEntry, OutboxKey } from '../api.js';
import { CENSUS_STORE, type Census, census, full, keepCensus } from './census.js';
import { type Schema, StoredDatabase, type Work } from './database.js';
import { bytesOf, type EntryRow, fromRow } from './entry.js';
import type { StorageEnvironment } from './environment.js';
import { StorageError } from './errors.js';
import type { LeaseStore } from './life.js';
import type { OutboxLimits } from './limits.js';

/** Rows that are put together or not at all. */
export type Put = readonly EntryRow[];

/** What a put led to: nothing to say, or why not. */
export type PutOutcome = StorageError | undefined;

/** What was found of a page that ended. */
export interface Left {
  readonly entries: readonly OutboxEntry[];
  /** What is wrong with rows that were not understood, and were taken out. */
  readonly damaged: readonly StorageError[];
}

/** The tables of one outbox. Each method is one transaction: on disk when it resolves, or nothing is changed. */
export class OutboxTables implements LeaseStore {
  readonly #database: StoredDatabase;
  readonly #environment: StorageEnvironment;
  readonly #limits: OutboxLimits;

  constructor(name: string, limits: OutboxLimits, environment: StorageEnvironment) {
    this.#database = new StoredDatabase(name, SCHEMA, environment);
    this.#limits = limits;
    this.#environment = environment;
  }

  /** Notes that a page lives, and gives back to it what others took of its own while it rested. */
  renew(page: string): Promise<void> {
    return this.#database.write([ENTRIES, PAGES], (work) => {
      work.store(PAGES).put(this.#environment.wallClock(), page);
      reclaim(work, page);
    });
  }

  end(page: string): Promise<void> {
    return this.#database.write([PAGES], (work) => {
      work.store(PAGES).put(0, page);
    });
  }

  /** Pages in the order in which they were last known to live. */
  async pages(): Promise<ReadonlyMap<string, number>> {
    const found: [string, number][] = [];
    await this.#database.read([PAGES], (work) => {
      const take = (row: IDBCursorWithValue) => found.push([String(row.key), Number(row.value)]);
      work.each(work.store(PAGES).openCursor(), take, () => undefined);
    });
    return new Map(found.sort(([, a], [, b]) => a - b));
  }

  /** Puts and removes. Each put is taken or refused by itself; a removal of what is not there is nothing. */
  async write(
    page: string,
    puts: readonly Put[],
    removals: readonly OutboxKey[],
  ): Promise<readonly PutOutcome[]> {
    return this.#database.write([ENTRIES, PAGES, CENSUS_STORE], (work) => {
      const outcomes: PutOutcome[] = [];
      const known = new Set<string>();
      this.#register(work, page);
      lookUp(work, puts.flat(), known);
      census(work, ENTRIES, (before) => {
        const after = this.#take(work, before, puts, known, outcomes);
        remove(work, after, removals);
      });
      return outcomes;
    });
  }

  /**
   * Gives all that belongs to `page` to `heir`. `isOver` looks at when `page` was last known to live, in the transaction:
   * one that came back meanwhile keeps what it has.
   */
  async takeOver(page: string, heir: string, isOver: (seenAt: number | undefined) => boolean): Promise<Left> {
    const left = { entries: [] as OutboxEntry[], damaged: [] as StorageError[] };
    await this.#database.write([ENTRIES, PAGES, CENSUS_STORE], (work) => {
      work.take(work.store(PAGES).get(page) as IDBRequest<number | undefined>, (seenAt) => {
        if (!isOver(seenAt)) {
          return;
        }
        work.store(PAGES).delete(page);
        census(work, ENTRIES, (before) => this.#inherit(work, before, page, heir, left));
      });
    });
    return left;
  }

  /** Lets the database go until the next use. */
  release(): void {
    this.#database.release();
  }

  #register(work: Work, page: string): void {
    work.take(work.store(PAGES).getKey(page), (key) => {
      if (key === undefined) {
        work.store(PAGES).put(this.#environment.wallClock(), page);
        reclaim(work, page);
      }
    });
  }

  #take(
    work: Work,
    before: Census,
    puts: readonly Put[],
    known: Set<string>,
    outcomes: PutOutcome[],
  ): Census {
    let { messages, bytes } = before;
    for (const put of puts) {
      const fresh = put.filter((row) => !known.has(originOf(row)));
      const more = fresh.reduce((sum, row) => sum + row.bytes, 0);
      const refusal = full(
        this.#database.name,
        this.#limits,
        { messages, bytes },
        { messages: fresh.length, bytes: more },
      );
      outcomes.push(refusal);
      if (refusal !== undefined) {
        continue;
      }
      for (const row of fresh) {
        work.store(ENTRIES).add(row);
        known.add(originOf(row));
      }
      messages += fresh.length;
      bytes += more;
    }
    return { messages, bytes };
  }

  #inherit(
    work: Work,
    before: Census,
    page: string,
    heir: string,
    left: { entries: OutboxEntry[]; damaged: StorageError[] },
  ): void {
    let { messages, bytes } = before;
    const take = (row: IDBCursorWithValue) => {
      const entry = fromRow(row.value);
      if (entry !== undefined) {
        left.entries.push(entry);
        row.update({ ...(row.value as EntryRow), owner: heir });
        return;
      }
      const place = String(row.primaryKey);
      const text = `entry ${place} is not in the form of version ${SCHEMA.version}; it was taken out`;
      left.damaged.push(
        new StorageError('damaged', this.#database.name, text, { entry: place, owner: page }),
      );
      messages -= 1;
      bytes -= bytesOf(row.value);
      row.delete();
    };
    const owned = work.store(ENTRIES).index(BY_OWNER).openCursor(IDBKeyRange.only(page));
    work.each(owned, take, () => keepCensus(work, { messages, bytes }));
  }
}

const ENTRIES = 'entries';
const PAGES = 'pages';
const BY_ORIGIN = 'origin';
const BY_OWNER = 'owner';
const BY_PRODUCER = 'producer';

const SCHEMA: Schema = {
  version: 1,
  upgrade(database) {
    const entries = database.createObjectStore(ENTRIES, { autoIncrement: true });
    entries.createIndex(BY_ORIGIN, ['channel', 'producer', 'sequence'], { unique: true });
    entries.createIndex(BY_OWNER, 'owner');
    entries.createIndex(BY_PRODUCER, 'producer');
    database.createObjectStore(PAGES);
    database.createObjectStore(CENSUS_STORE);
  },
};

function originOf({ channel, producer, sequence }: OutboxKey): string {
  return JSON.stringify([channel, producer, sequence]);
}

/** Notes which rows are stored already: an entry keeps its number for ever, so a second put is the same message. */
function lookUp(work: Work, rows: readonly EntryRow[], known: Set<string>): void {
  const index = work.store(ENTRIES).index(BY_ORIGIN);
  for (const row of rows) {
    work.take(index.getKey([row.channel, row.producer, row.sequence]), (key) => {
      if (key !== undefined) {
        known.add(originOf(row));
      }
    });
  }
}

/** All of one producer stands with one page, so that whoever sends it sends it in order and without a hole. */
function reclaim(work: Work, page: string): void {
  const take = (row: IDBCursorWithValue) => {
    const value = row.value as EntryRow;
    if (value.owner !== page) {
      row.update({ ...value, owner: page });
    }
  };
  const own = work.store(ENTRIES).index(BY_PRODUCER).openCursor(IDBKeyRange.only(page));
  work.each(own, take, () => undefined);
}

function remove(work: Work, before: Census, keys: readonly OutboxKey[]): void {
  let { messages, bytes } = before;
  const index = work.store(ENTRIES).index(BY_ORIGIN);
  for (const { channel, producer, sequence } of keys) {
    work.take(index.openCursor(IDBKeyRange.only([channel, producer, sequence])), (row) => {
      if (row !== null) {
        messages -= 1;
        bytes -= bytesOf(row.value);
        row.delete();
      }
    });
  }
  // Requests are answered in the order in which they were asked: this one after all above.
  work.take(work.store(PAGES).count(), () => keepCensus(work, { messages, bytes }));
}
