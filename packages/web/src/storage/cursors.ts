/** How far each channel was handled, kept in IndexedDB. */

import type { CursorStore } from '../api.js';
import type { Cursor } from '../engine/types.js';
import { type Schema, StoredDatabase } from './database.js';
import { isName, isWhole } from './entry.js';
import { environment } from './environment.js';
import { StorageError, storageError } from './errors.js';
import { CHANNEL_BYTES_MAX, CURSORS_WAITING_MAX } from './limits.js';
import { reporter, type StorageOptions } from './outbox.js';

/**
 * Makes a store of cursors. Nothing is touched before it is used.
 *
 * Tabs with the same `name` share it: within one epoch a cursor never goes back, whichever tab saves it. Give tabs that
 * must each see every message names of their own.
 */
export function indexedDbCursors(name: string, options: StorageOptions = {}): CursorStore {
  return new IndexedDbCursors(`everlink:cursors:${name}`, options);
}

class IndexedDbCursors implements CursorStore {
  readonly #name: string;
  readonly #database: StoredDatabase;
  readonly #report: (error: StorageError) => void;
  readonly #stopSignals: () => void;
  #waiting = new Map<string, Cursor>();
  #writing: Promise<void> | undefined;

  constructor(name: string, options: StorageOptions) {
    const { onSignal, ...rest } = environment(options.environment);
    this.#name = name;
    this.#database = new StoredDatabase(name, SCHEMA, { onSignal, ...rest });
    this.#report = reporter(options);
    this.#stopSignals = onSignal((signal) => {
      if (signal === 'frozen' || signal === 'pagehide') {
        this.#database.release(); // An open database keeps a page from being put away.
      }
    });
  }

  async load(channel: string): Promise<Cursor | undefined> {
    const waiting = this.#waiting.get(channel);
    if (waiting !== undefined) {
      return waiting;
    }
    let found: unknown;
    await this.#database.read([CURSORS], (work) => {
      work.take(work.store(CURSORS).get(channel) as IDBRequest<unknown>, (value) => {
        found = value;
      });
    });
    if (found !== undefined && !isCursor(found)) {
      const text = `the cursor of ${channel} is not in the form of version ${SCHEMA.version}; it is left out`;
      this.#report(new StorageError('damaged', this.#name, text, { channel }));
      return undefined;
    }
    return found;
  }

  save(channel: string, cursor: Cursor): void {
    if (!isName(channel, CHANNEL_BYTES_MAX) || !isCursor(cursor)) {
      const accepted = 'a channel of 1 to 512 bytes, and whole numbers from 0 for epoch and offset';
      this.#report(
        new StorageError('invalid', this.#name, `a cursor cannot be kept; accepted: ${accepted}`, {
          channel,
        }),
      );
      return;
    }
    if (!this.#waiting.has(channel) && this.#waiting.size >= CURSORS_WAITING_MAX) {
      const fields = { limit: 'cursorsWaitingMax', most: CURSORS_WAITING_MAX, channel };
      this.#report(
        new StorageError(
          'full',
          this.#name,
          `full: ${CURSORS_WAITING_MAX} cursors wait to be written`,
          fields,
        ),
      );
      return;
    }
    this.#waiting.set(channel, { epoch: cursor.epoch, offset: cursor.offset });
    if (this.#writing === undefined) {
      this.#write().catch((error: unknown) => this.#report(storageError(this.#name, error)));
    }
  }

  async flush(): Promise<void> {
    while (this.#waiting.size > 0 || this.#writing !== undefined) {
      await this.#write();
    }
  }

  async close(): Promise<void> {
    this.#stopSignals();
    try {
      await this.flush();
    } finally {
      this.#database.close();
    }
  }

  #write(): Promise<void> {
    this.#writing ??= Promise.resolve()
      .then(() => this.#writeAll())
      .finally(() => {
        this.#writing = undefined;
      });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      const batch = this.#waiting;
      this.#waiting = new Map();
      try {
        await this.#database.write([CURSORS], (work) => {
          const store = work.store(CURSORS);
          for (const [channel, cursor] of batch) {
            work.take(store.get(channel) as IDBRequest<unknown>, (kept) => {
              if (!isAhead(kept, cursor)) {
                store.put(cursor, channel);
              }
            });
          }
        });
      } catch (error) {
        // Tried again with the next one that is saved; what is newer meanwhile counts.
        this.#waiting = new Map([...batch, ...this.#waiting]);
        throw error;
      }
    }
  }
}

const CURSORS = 'cursors';

const SCHEMA: Schema = {
  version: 1,
  upgrade(database) {
    database.createObjectStore(CURSORS);
  },
};

function isCursor(value: unknown): value is Cursor {
  const cursor = value as Partial<Cursor> | null;
  return (
    typeof cursor === 'object' && cursor !== null && isWhole(cursor.epoch, 0) && isWhole(cursor.offset, 0)
  );
}

/** Another tab may be further; of another epoch nobody knows which is later, and the last word counts. */
function isAhead(kept: unknown, cursor: Cursor): boolean {
  return isCursor(kept) && kept.epoch === cursor.epoch && kept.offset > cursor.offset;
}
