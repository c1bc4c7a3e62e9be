/**
 * The messages of a channel as a list to show: in order, each once, holes in their place, own messages from the moment
 * they are sent. Lists are never changed, only replaced.
 */

import type { ChannelGap, ChannelMessage, DropReason, Payload, Settlement, TicketStatus } from '../../api.js';

/** How far an own message is. Messages of others are `stored`. */
export type EntryStatus = 'queued' | 'sent' | 'stored' | 'failed';

/** A message in the list. */
export interface MessageEntry<T extends Payload = Payload> {
  readonly type: 'message';
  /** Stays the same from `queued` to `stored`. */
  readonly key: string;
  readonly payload: T;
  readonly own: boolean;
  readonly status: EntryStatus;
  /** Why it failed. */
  readonly reason: DropReason | undefined;
  readonly user: string | undefined;
  /** When it was stored, or sent while it is not: milliseconds since 1970. */
  readonly at: number;
  /** Names the message for good; undefined before it came from the server. */
  readonly id: string | undefined;
  /** Its place in the log; undefined before it has one. */
  readonly offset: number | undefined;
  readonly epoch: number | undefined;
}

/** Messages that will not come, in their place. */
export interface GapEntry {
  readonly type: 'gap';
  readonly key: string;
  readonly from: number;
  readonly to: number;
  readonly cause: ChannelGap['cause'];
}

export type Entry<T extends Payload = Payload> = MessageEntry<T> | GapEntry;

/** A list, the most it holds, and whether something was cut off at its beginning. */
export interface EntryList<T extends Payload = Payload> {
  readonly entries: readonly Entry<T>[];
  readonly limit: number;
  readonly isCut: boolean;
}

export function emptyList<T extends Payload>(limit: number): EntryList<T> {
  return { entries: [], limit, isCut: false };
}

/** Puts in a message from the log: in place of the own one that it is, or where its offset belongs. */
export function withMessage<T extends Payload>(list: EntryList<T>, message: ChannelMessage<T>): EntryList<T> {
  const at = placeOf(list.entries, message.epoch, message.offset);
  const known = list.entries[at - 1];
  if (known !== undefined && hasPlace(known, message.epoch, message.offset)) {
    return known.id === undefined ? replaced(list, known.key, stored(message, known.key)) : list;
  }
  const own = message.own ? list.entries.find((entry) => isCopyOf(entry, message)) : undefined;
  if (own === undefined)
    return inserted(list, list.entries, at, stored(message, `${message.epoch}:${message.offset}`));
  const rest = list.entries.filter((entry) => entry !== own);
  return inserted(list, rest, placeOf(rest, message.epoch, message.offset), stored(message, own.key));
}

/** Puts in a page of history before what is there; what is there already stays. */
export function withHistory<T extends Payload>(
  list: EntryList<T>,
  page: readonly ChannelMessage<T>[],
): EntryList<T> {
  let filled = list;
  // From the newest on: where there is no room for all, the oldest stay out.
  for (let at = page.length - 1; at >= 0; at -= 1) {
    const message = page[at] as ChannelMessage<T>;
    const isFull = filled.entries.length >= filled.limit;
    if (isFull && placeOf(filled.entries, message.epoch, message.offset) === 0)
      return { ...filled, isCut: true };
    filled = withMessage(filled, message);
  }
  return filled;
}

/** Puts in a hole, before own messages that have no place yet. */
export function withGap<T extends Payload>(list: EntryList<T>, gap: ChannelGap): EntryList<T> {
  const { from, to, cause } = gap;
  const at = list.entries.findLastIndex((entry) => entry.type === 'gap' || entry.offset !== undefined) + 1;
  const key = `gap:${cause}:${from}:${to}:${at === 0 ? '' : list.entries[at - 1]?.key}`;
  return inserted(list, list.entries, at, { type: 'gap', key, from, to, cause });
}

/** Puts an own message at the end. */
export function withOwn<T extends Payload>(
  list: EntryList<T>,
  key: string,
  payload: T,
  at: number,
): EntryList<T> {
  const entry: MessageEntry<T> = {
    ...{ type: 'message', key, payload, own: true, status: 'queued', reason: undefined, user: undefined, at },
    ...{ id: undefined, offset: undefined, epoch: undefined },
  };
  return inserted(list, list.entries, list.entries.length, entry);
}

/** Notes that an own message has gone one step further. */
export function withStep<T extends Payload>(
  list: EntryList<T>,
  key: string,
  status: TicketStatus,
): EntryList<T> {
  if (status !== 'queued' && status !== 'sent') return list;
  return changed(list, key, (entry) => (entry.status === 'queued' ? { ...entry, status } : entry));
}

/** Notes what became of an own message. `epoch` is the log's life now. */
export function withOutcome<T extends Payload>(
  list: EntryList<T>,
  key: string,
  outcome: Settlement,
  epoch: number | undefined,
): EntryList<T> {
  if (outcome.status === 'sent') return withStep(list, key, 'sent');
  if (outcome.status === 'dropped') {
    return changed(list, key, (entry) => ({ ...entry, status: 'failed', reason: outcome.reason }));
  }
  const entry = list.entries.find((entry) => entry.key === key);
  if (entry?.type !== 'message' || entry.offset !== undefined) return list;
  const acked: MessageEntry<T> = { ...entry, status: 'stored', offset: outcome.offset };
  if (outcome.offset === undefined || epoch === undefined) return replaced(list, key, acked);
  // Its message may have come first, and under another key: then that one stays.
  const rest = list.entries.filter((other) => other !== entry);
  const at = placeOf(rest, epoch, outcome.offset);
  const before = rest[at - 1];
  if (before !== undefined && hasPlace(before, epoch, outcome.offset)) return { ...list, entries: rest };
  return inserted(list, rest, at, { ...acked, epoch });
}

export function without<T extends Payload>(list: EntryList<T>, key: string): EntryList<T> {
  return { ...list, entries: list.entries.filter((entry) => entry.key !== key) };
}

/** The first message of the log that is in the list. */
export function firstStored<T extends Payload>(list: EntryList<T>): MessageEntry<T> | undefined {
  return list.entries.find(
    (entry): entry is MessageEntry<T> => entry.type === 'message' && entry.offset !== undefined,
  );
}

/** The last offset that is in the list. */
export function lastOffset(entries: readonly Entry[]): number | undefined {
  const last = entries.findLast((entry) => entry.type === 'message' && entry.offset !== undefined);
  return last?.type === 'message' ? last.offset : undefined;
}

function stored<T extends Payload>(message: ChannelMessage<T>, key: string): MessageEntry<T> {
  const { payload, own, user, at, id, offset, epoch } = message;
  return {
    type: 'message',
    key,
    payload,
    own,
    status: 'stored',
    reason: undefined,
    user,
    at,
    id,
    offset,
    epoch,
  };
}

/** Where something with this offset goes: behind all that is before it, and before what has no place yet. */
function placeOf(entries: readonly Entry[], epoch: number, offset: number): number {
  let at = entries.length;
  while (at > 0) {
    const entry = entries[at - 1] as Entry;
    if (entry.type === 'gap' ? entry.cause === 'epoch' || entry.to < offset : isBefore(entry, epoch, offset))
      break;
    at -= 1;
  }
  return at;
}

function isBefore(entry: MessageEntry, epoch: number, offset: number): boolean {
  if (entry.offset === undefined) return false;
  // Another life of the log: whatever came earlier stands before.
  return entry.epoch !== epoch || entry.offset <= offset;
}

function hasPlace(entry: Entry, epoch: number, offset: number): entry is MessageEntry {
  return entry.type === 'message' && entry.offset === offset && entry.epoch === epoch;
}

/** Own messages come in the order in which they were sent, so the first with the same content is it. */
function isCopyOf(entry: Entry, message: ChannelMessage): boolean {
  return (
    entry.type === 'message' &&
    entry.own &&
    entry.epoch === undefined &&
    (entry.offset === undefined || entry.offset === message.offset) &&
    entry.status !== 'failed' &&
    (entry.payload === message.payload || JSON.stringify(entry.payload) === JSON.stringify(message.payload))
  );
}

function inserted<T extends Payload>(
  list: EntryList<T>,
  entries: readonly Entry<T>[],
  at: number,
  entry: Entry<T>,
): EntryList<T> {
  const all = [...entries.slice(0, at), entry, ...entries.slice(at)];
  const extra = all.length - list.limit;
  return extra > 0 ? { ...list, entries: all.slice(extra), isCut: true } : { ...list, entries: all };
}

function replaced<T extends Payload>(list: EntryList<T>, key: string, by: Entry<T>): EntryList<T> {
  return { ...list, entries: list.entries.map((entry) => (entry.key === key ? by : entry)) };
}

function changed<T extends Payload>(
  list: EntryList<T>,
  key: string,
  change: (entry: MessageEntry<T>) => MessageEntry<T>,
): EntryList<T> {
  const entry = list.entries.find((entry) => entry.key === key);
  if (entry?.type !== 'message') return list;
  const next = change(entry);
  return next === entry ? list : replaced(list, key, next);
}
