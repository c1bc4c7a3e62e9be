/** Outbox entries as they stand in the database, and how they are checked on the way in and out. */

import type { OutboxEntry, Payload } from '../api.js';
import { StorageError } from './errors.js';
import { CHANNEL_BYTES_MAX, NAME_BYTES_MAX, NESTING_MAX } from './limits.js';

/** A row of the outbox. The key is a number that counts up, so that rows stand in the order in which they came. */
export interface EntryRow {
  readonly channel: string;
  readonly producer: string;
  readonly sequence: number;
  readonly before: number | undefined;
  readonly payload: Payload;
  readonly takenAt: number;
  /** The producer of the page that sees to it: who numbered it, or who took it over. */
  readonly owner: string;
  /** What it counts against the bound, in bytes. */
  readonly bytes: number;
}

/**
 * Makes a row of an entry.
 *
 * @throws StorageError (`invalid`) names the field, and what is accepted.
 */
export function toRow(store: string, entry: OutboxEntry, owner: string): EntryRow {
  const wrong = wrongField(entry);
  if (wrong !== undefined) {
    const [field, accepted] = wrong;
    throw new StorageError('invalid', store, `${field} cannot be kept; accepted: ${accepted}`, {
      field,
      accepted,
    });
  }
  const { channel, producer, sequence, before, payload, takenAt } = entry;
  return { channel, producer, sequence, before, payload, takenAt, owner, bytes: sizeOf(payload) };
}

/** Reads a row that may hold anything: another program, or an older fault, may have written it. */
export function fromRow(row: unknown): OutboxEntry | undefined {
  if (typeof row !== 'object' || row === null || wrongField(row as Partial<EntryRow>) !== undefined) {
    return undefined;
  }
  const { channel, producer, sequence, before, payload, takenAt } = row as EntryRow;
  return { channel, producer, sequence, before, payload, takenAt };
}

/** What a row counts against the bounds; nothing where it is broken. */
export function bytesOf(row: unknown): number {
  const bytes = (row as Partial<EntryRow> | null | undefined)?.bytes;
  return isWhole(bytes, 0) ? bytes : 0;
}

/** Whether it can be published: bytes, or what JSON can say, not nested too deep. */
export function isPayload(value: unknown): value is Payload {
  return value instanceof Uint8Array || isJson(value, NESTING_MAX);
}

/** Whether it is a name that the protocol takes. */
export function isName(value: unknown, bytesMax: number): value is string {
  return (
    typeof value === 'string' && value.length > 0 && value.length <= bytesMax && utf8Bytes(value) <= bytesMax
  );
}

/** Whether it is a whole number that every language holds, from `least` on. */
export function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** How many bytes it has as JSON in UTF-8; binary as it is. */
export function sizeOf(payload: Payload): number {
  return payload instanceof Uint8Array ? payload.byteLength : utf8Bytes(JSON.stringify(payload));
}

function utf8Bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function wrongField(
  entry: Partial<Record<keyof OutboxEntry, unknown>>,
): readonly [string, string] | undefined {
  if (!isName(entry.channel, CHANNEL_BYTES_MAX)) {
    return ['channel', `a text of 1 to ${CHANNEL_BYTES_MAX} bytes`];
  }
  if (!isName(entry.producer, NAME_BYTES_MAX)) {
    return ['producer', `a text of 1 to ${NAME_BYTES_MAX} bytes`];
  }
  if (!isWhole(entry.sequence, 1)) {
    return ['sequence', 'a whole number from 1'];
  }
  if (entry.before !== undefined && !(isWhole(entry.before, 0) && entry.before < entry.sequence)) {
    return ['before', 'a whole number below the sequence'];
  }
  if (!(typeof entry.takenAt === 'number' && Number.isFinite(entry.takenAt))) {
    return ['takenAt', 'milliseconds since 1970'];
  }
  return isPayload(entry.payload)
    ? undefined
    : ['payload', `bytes, or JSON nested at most ${NESTING_MAX} deep`];
}

function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') {
    return true;
  }
  if (typeof value === 'number') {
    return Number.isFinite(value);
  }
  if (typeof value !== 'object' || depth === 0) {
    return false;
  }
  if (Array.isArray(value)) {
    return value.every((item) => isJson(item, depth - 1));
  }
  const kind = Object.getPrototypeOf(value) as unknown;
  const plain =
    kind === null || (Object.getPrototypeOf(kind as object) === null && !(Symbol.iterator in value));
  // A key without a value is left out, as `JSON.stringify` leaves it out.
  return plain && Object.values(value).every((item) => item === undefined || isJson(item, depth - 1));
}
