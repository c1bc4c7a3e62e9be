/** How much a store holds: noted beside it in the same transactions, so that nobody has to count. */

import type { Work } from './database.js';
import { bytesOf, isWhole } from './entry.js';
import { StorageError } from './errors.js';
import type { OutboxLimits } from './limits.js';

/** How much is stored. */
export interface Census {
  readonly messages: number;
  readonly bytes: number;
}

/** The object store that holds the note; a transaction that changes how much there is includes it. */
export const CENSUS_STORE = 'census';

/** Gives how much is stored in `rows`; counts it where the note is missing or makes no sense. */
export function census(work: Work, rows: string, use: (census: Census) => void): void {
  work.take(work.store(CENSUS_STORE).get(NOTE) as IDBRequest<Partial<Census> | undefined>, (noted) => {
    if (isWhole(noted?.messages, 0) && isWhole(noted.bytes, 0)) {
      use({ messages: noted.messages, bytes: noted.bytes });
      return;
    }
    let messages = 0;
    let bytes = 0;
    const take = (row: IDBCursorWithValue) => {
      messages += 1;
      bytes += bytesOf(row.value);
    };
    work.each(work.store(rows).openCursor(), take, () => use({ messages, bytes }));
  });
}

/** Notes how much is stored from now on. */
export function keepCensus(work: Work, { messages, bytes }: Census): void {
  work.store(CENSUS_STORE).put({ messages: Math.max(0, messages), bytes: Math.max(0, bytes) }, NOTE);
}

/** Says which bound `more` would break, if any. */
export function full(
  store: string,
  limits: OutboxLimits,
  stored: Census,
  more: Census,
): StorageError | undefined {
  for (const [unit, limit] of [
    ['messages', 'messagesMax'],
    ['bytes', 'bytesMax'],
  ] as const) {
    const most = limits[limit];
    if (more.messages > 0 && stored[unit] + more[unit] > most) {
      const text = `full: ${stored[unit]} of ${most} ${unit} (${limit}) are taken, ${more[unit]} more asked`;
      return new StorageError('full', store, text, { limit, stored: stored[unit], asked: more[unit], most });
    }
  }
  return undefined;
}

const NOTE = 'noted';
