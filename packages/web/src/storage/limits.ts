/** The bounds of the stores. Every one has a name here. */

import { StorageError } from './errors.js';

/** How much an outbox or a queue keeps for all tabs together. */
export interface OutboxLimits {
  /** Most messages. Default: 10000. Range: 1 to 1000000. */
  readonly messagesMax: number;
  /** Most bytes of all messages, as JSON in UTF-8 (binary: as they are). Default: 16777216. Range: 1024 to 2^32 - 1. */
  readonly bytesMax: number;
}

const DEFAULTS: OutboxLimits = { messagesMax: 10_000, bytesMax: 16 * 1024 * 1024 };
const RANGES: Readonly<Record<keyof OutboxLimits, readonly [number, number]>> = {
  messagesMax: [1, 1_000_000],
  bytesMax: [1024, 2 ** 32 - 1],
};

/** Longest channel name, in UTF-8 bytes; the protocol's. */
export const CHANNEL_BYTES_MAX = 512;
/** Longest producer name, in UTF-8 bytes; the protocol's. */
export const NAME_BYTES_MAX = 256;
/** Deepest nesting of a payload; the protocol's. */
export const NESTING_MAX = 64;
/** Most pages of one store that a page watches at once; of more it looks again when one of these ends. */
export const PAGES_WATCHED_MAX = 64;
/** Where there are no Web Locks: how often a page says that it lives, in milliseconds. */
export const LEASE_RENEWAL_MS = 20_000;
/**
 * Where there are no Web Locks: after how long a silent page counts as gone, in milliseconds. Longer than the minute
 * in which a browser lets the timer of a hidden page run once.
 */
export const LEASE_MS = 90_000;
/** Longest pause between two deliveries of an offline queue that failed, in milliseconds. */
export const RETRY_MS = 30_000;
/** Most changes of cursors that wait to be written: one for each channel. */
export const CURSORS_WAITING_MAX = 4096;

/**
 * Checks limits and fills in the defaults.
 *
 * @throws StorageError names the limit, the value and the range.
 */
export function checkedLimits(store: string, given: Partial<OutboxLimits> = {}): OutboxLimits {
  const limits = { ...DEFAULTS, ...given };
  for (const [name, [least, most]] of Object.entries(RANGES) as [
    keyof OutboxLimits,
    readonly [number, number],
  ][]) {
    const value = limits[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      const text = `${name} is ${String(value)}; accepted: whole numbers from ${least} to ${most}`;
      throw new StorageError('invalid', store, text, { limit: name, least, most });
    }
  }
  return limits;
}
