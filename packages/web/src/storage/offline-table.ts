/** The table of an offline queue, and the transactions on it. */

import { CENSUS_STORE, census, full, keepCensus } from './census.js';
import { type Schema, StoredDatabase, type Work } from './database.js';
import { bytesOf } from './entry.js';
import type { StorageEnvironment } from './environment.js';
import { StorageError } from './errors.js';
import type { OutboxLimits } from './limits.js';
import { fromOfflineRow, type OfflineMessage, type OfflineRow, type Refused } from './offline-message.js';

/** A message and its place in the queue. */
export interface Placed {
  readonly place: number;
  readonly message: OfflineMessage;
}

/** The lease of the page that delivers, where there are no Web Locks. */
interface Drainer {
  readonly page: string;
  readonly until: number;
}

/** Each method is one transaction: on disk when it resolves, or nothing is changed. */
export class OfflineTable {
  readonly #database: StoredDatabase;
  readonly #limits: OutboxLimits;
  readonly #report: (error: StorageError) => void;

  constructor(
    name: string,
    limits: OutboxLimits,
    environment: StorageEnvironment,
    report: (error: StorageError) => void,
  ) {
    this.#database = new StoredDatabase(name, SCHEMA, environment);
    this.#limits = limits;
    this.#report = report;
  }

  add(row: OfflineRow): Promise<void> {
    return this.#database.write([MESSAGES, CENSUS_STORE], (work) => {
      census(work, MESSAGES, (stored) => {
        const refusal = full(this.#database.name, this.#limits, stored, { messages: 1, bytes: row.bytes });
        if (refusal !== undefined) {
          throw refusal;
        }
        work.store(MESSAGES).add(row);
        keepCensus(work, { messages: stored.messages + 1, bytes: stored.bytes + row.bytes });
      });
    });
  }

  async size(): Promise<number> {
    let size = 0;
    await this.#database.read([MESSAGES], (work) => {
      work.take(work.store(MESSAGES).count(), (count) => {
        size = count;
      });
    });
    return size;
  }

  /** All that waits, in order; what is not understood is reported and skipped. */
  async list(): Promise<readonly OfflineMessage[]> {
    const messages: OfflineMessage[] = [];
    const damaged: StorageError[] = [];
    await this.#database.read([MESSAGES], (work) => {
      const take = (row: IDBCursorWithValue) => {
        const message = fromOfflineRow(row.value);
        if (message === undefined) {
          damaged.push(this.#damage(row));
        } else {
          messages.push(message);
        }
      };
      work.each(work.store(MESSAGES).openCursor(), take, () => undefined);
    });
    damaged.forEach(this.#report);
    return messages;
  }

  /** The next message behind `place` that may be sent, and whose conversation does not wait. */
  async next(place: number, waits: (conversationId: string) => boolean): Promise<Placed | undefined> {
    let found: Placed | undefined;
    await this.#database.read([MESSAGES], (work) => {
      const range = IDBKeyRange.lowerBound(place, true);
      work.take(work.store(MESSAGES).openCursor(range), (row) => {
        if (row === null) {
          return;
        }
        const message = fromOfflineRow(row.value);
        if (message === undefined || message.refused !== undefined || waits(message.conversationId)) {
          row.continue();
        } else {
          found = { place: Number(row.key), message };
        }
      });
    });
    return found;
  }

  /** Takes out the messages that `which` names; all, also what is not understood, without it. */
  async remove(which?: (message: OfflineMessage) => boolean): Promise<number> {
    let removed = 0;
    await this.#database.write([MESSAGES, CENSUS_STORE], (work) => {
      this.#change(work, undefined, (message, row) => {
        if (which === undefined || (message !== undefined && which(message))) {
          row.delete();
          removed += 1;
          return true;
        }
        return false;
      });
    });
    return removed;
  }

  /** Takes out one message that was delivered. */
  delivered(place: number): Promise<void> {
    return this.#database.write([MESSAGES, CENSUS_STORE], (work) => {
      this.#change(work, IDBKeyRange.only(place), (_, row) => {
        row.delete();
        return true;
      });
    });
  }

  /** Notes why a message will never be taken; `undefined` lets it be sent again. */
  refuse(id: string, refused: Refused | undefined): Promise<void> {
    return this.#database.write([MESSAGES], (work) => {
      work.take(work.store(MESSAGES).index(BY_ID).openCursor(IDBKeyRange.only(id)), (row) => {
        row?.update({ ...(row.value as OfflineRow), refused });
      });
    });
  }

  /** Takes the lease for `page`, or makes it longer. Returns whether it has it. */
  async lease(page: string, now: number, leaseMs: number): Promise<boolean> {
    let has = false;
    await this.#database.write([CENSUS_STORE], (work) => {
      const store = work.store(CENSUS_STORE);
      work.take(store.get(DRAINER) as IDBRequest<Partial<Drainer> | undefined>, (drainer) => {
        const until = drainer?.until ?? 0;
        // A lease that ends too late is one of a clock that was set back since.
        has = drainer?.page === page || !(until > now && until <= now + leaseMs);
        if (has) {
          store.put({ page, until: now + leaseMs }, DRAINER);
        }
      });
    });
    return has;
  }

  unlease(page: string): Promise<void> {
    return this.#database.write([CENSUS_STORE], (work) => {
      const store = work.store(CENSUS_STORE);
      work.take(store.get(DRAINER) as IDBRequest<Partial<Drainer> | undefined>, (drainer) => {
        if (drainer?.page === page) {
          store.delete(DRAINER);
        }
      });
    });
  }

  release(): void {
    this.#database.release();
  }

  close(): void {
    this.#database.close();
  }

  /** Goes over rows, and counts down for each that `change` took out. */
  #change(
    work: Work,
    range: IDBKeyRange | undefined,
    change: (message: OfflineMessage | undefined, row: IDBCursorWithValue) => boolean,
  ): void {
    census(work, MESSAGES, (stored) => {
      let { messages, bytes } = stored;
      const take = (row: IDBCursorWithValue) => {
        const size = bytesOf(row.value);
        if (change(fromOfflineRow(row.value), row)) {
          messages -= 1;
          bytes -= size;
        }
      };
      work.each(work.store(MESSAGES).openCursor(range), take, () => keepCensus(work, { messages, bytes }));
    });
  }

  #damage(row: IDBCursorWithValue): StorageError {
    const place = String(row.key);
    const text = `message ${place} is not in the form of version ${SCHEMA.version}; it is left out, and clear() removes it`;
    return new StorageError('damaged', this.#database.name, text, { entry: place });
  }
}

const MESSAGES = 'messages';
const BY_ID = 'id';
const DRAINER = 'drainer';

const SCHEMA: Schema = {
  version: 1,
  upgrade(database) {
    const messages = database.createObjectStore(MESSAGES, { autoIncrement: true });
    messages.createIndex(BY_ID, 'id', { unique: true });
    database.createObjectStore(CENSUS_STORE);
  },
};
