/**
 * Counts what arrives by the place of each message in its channel: a second look, by the page itself, at what the client
 * promises. A place that is left out is a loss, one that comes again a double.
 */

import type { ChannelItem } from '../../../src/api.js';

/** What has come so far. */
export interface Count {
  readonly received: number;
  readonly lost: number;
  readonly doubled: number;
  readonly reordered: number;
  /** Messages that the server said it no longer has. */
  readonly expired: number;
}

export const NOTHING: Count = Object.freeze({ received: 0, lost: 0, doubled: 0, reordered: 0, expired: 0 });

interface Place {
  readonly epoch: number;
  readonly offset: number;
  /** Places that were left out, while there are few. */
  readonly missing: ReadonlySet<number>;
}

/** The books of all channels of a page. */
export class Ledger {
  readonly #places = new Map<string, Place>();
  #count: Count = NOTHING;

  get count(): Count {
    return this.#count;
  }

  /** Takes an item of a channel in. Returns whether the count changed. */
  take(item: ChannelItem): boolean {
    if (item.type === 'message') this.#message(item.channel, item.epoch, item.offset);
    else if (item.type === 'gap') this.#gap(item.channel, item.to, item.to - item.from + 1);
    else return false;
    return true;
  }

  #message(channel: string, epoch: number, offset: number): void {
    this.#add({ received: 1 });
    const place = this.#places.get(channel);
    if (place === undefined || place.epoch !== epoch) {
      this.#move(channel, epoch, offset, new Set());
    } else if (place.missing.has(offset)) {
      const missing = new Set(place.missing);
      missing.delete(offset);
      this.#move(channel, epoch, place.offset, missing);
      this.#add({ lost: -1, reordered: 1 });
    } else if (offset <= place.offset) {
      this.#add({ doubled: 1 });
    } else {
      this.#add({ lost: offset - place.offset - 1 });
      this.#move(channel, epoch, offset, withSkipped(place, offset));
    }
  }

  /** A gap that was told is none that was hidden. */
  #gap(channel: string, to: number, messages: number): void {
    const place = this.#places.get(channel);
    if (place !== undefined && to > place.offset) this.#move(channel, place.epoch, to, place.missing);
    this.#add({ expired: Math.max(messages, 0) });
  }

  #move(channel: string, epoch: number, offset: number, missing: ReadonlySet<number>): void {
    if (this.#places.size >= CHANNELS_MAX && !this.#places.has(channel)) return;
    this.#places.set(channel, { epoch, offset, missing });
  }

  #add(change: Partial<Count>): void {
    const count: Writable<Count> = { ...this.#count };
    for (const [name, value] of Object.entries(change) as [keyof Count, number][]) count[name] += value;
    this.#count = Object.freeze(count);
  }
}

/** Notes the places between a place and an offset behind it. */
function withSkipped({ missing, offset: before }: Place, offset: number): ReadonlySet<number> {
  const all = new Set(missing);
  for (let at = before + 1; at < offset && all.size < MISSING_MAX; at += 1) all.add(at);
  return all;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const MISSING_MAX = 1000;
const CHANNELS_MAX = 100;
