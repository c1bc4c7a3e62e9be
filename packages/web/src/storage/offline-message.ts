/** Messages of an offline queue, as they stand in the database and as they are seen. */

import { isName, isWhole } from './entry.js';
import { StorageError } from './errors.js';
import { CHANNEL_BYTES_MAX, NAME_BYTES_MAX } from './limits.js';

/** What is enqueued. */
export interface OfflineInput {
  /** The conversation that it goes to: a text of 1 to 512 bytes. */
  readonly conversationId: string;
  /** Who sends it: a text of 1 to 256 bytes. */
  readonly userId: string;
  /** What is said. */
  readonly plaintext: string;
}

/** A message that waits. */
export interface OfflineMessage extends OfflineInput {
  /** Names the message for good: the server knows a second copy by it. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly takenAt: number;
  /** Why the server will never take it; it is not sent again by itself. */
  readonly refused: Refused | undefined;
}

/** What the server said. */
export interface Refused {
  /** Its status, such as an HTTP status. */
  readonly status: number;
  readonly why: string;
}

/** A message as it is stored: with what it counts against the bound. */
export interface OfflineRow extends OfflineMessage {
  readonly bytes: number;
}

/**
 * Makes a row.
 *
 * @throws StorageError (`invalid`) names the field, and what is accepted.
 */
export function toOfflineRow(store: string, input: OfflineInput, id: string, takenAt: number): OfflineRow {
  const { conversationId, userId, plaintext } = input;
  const row = { id, conversationId, userId, plaintext, takenAt, refused: undefined, bytes: 0 };
  const wrong = wrongField(row);
  if (wrong !== undefined) {
    const [field, accepted] = wrong;
    throw new StorageError('invalid', store, `${field} cannot be kept; accepted: ${accepted}`, {
      field,
      accepted,
    });
  }
  return { ...row, bytes: new TextEncoder().encode(plaintext).length };
}

/** Reads a row that may hold anything. */
export function fromOfflineRow(row: unknown): OfflineMessage | undefined {
  if (typeof row !== 'object' || row === null || wrongField(row as Partial<OfflineRow>) !== undefined) {
    return undefined;
  }
  const { id, conversationId, userId, plaintext, takenAt, refused } = row as OfflineRow;
  return { id, conversationId, userId, plaintext, takenAt, refused };
}

function wrongField(
  row: Partial<Record<keyof OfflineMessage, unknown>>,
): readonly [string, string] | undefined {
  if (!isName(row.conversationId, CHANNEL_BYTES_MAX)) {
    return ['conversationId', `a text of 1 to ${CHANNEL_BYTES_MAX} bytes`];
  }
  for (const field of ['userId', 'id'] as const) {
    if (!isName(row[field], NAME_BYTES_MAX)) {
      return [field, `a text of 1 to ${NAME_BYTES_MAX} bytes`];
    }
  }
  if (typeof row.plaintext !== 'string') {
    return ['plaintext', 'a text'];
  }
  if (!(typeof row.takenAt === 'number' && Number.isFinite(row.takenAt))) {
    return ['takenAt', 'milliseconds since 1970'];
  }
  return isRefused(row.refused) ? undefined : ['refused', 'a status and a text'];
}

function isRefused(value: unknown): boolean {
  const refused = value as Partial<Refused> | null | undefined;
  return refused === undefined || (typeof refused?.why === 'string' && isWhole(refused.status, 0));
}
