/**
 * A channel on the shared connection, and the tabs that read it.
 *
 * The server keeps one place in a channel for a connection, and reads on from wherever it is told. Each tab has a cursor of
 * its own: when one comes that is not where the others are, the channel is asked for again from whoever is furthest back,
 * and each tab is handed what lies behind its own cursor. So every tab gets every message once and in order, and replay
 * and gaps are the server's own.
 */

import type { Cursor } from '../engine/types.js';
import { RETAINED_MAX } from './limits.js';

/** A tab, as a channel sees it. */
export interface FeedReader {
  tell(text: string): void;
  /** Cuts the tab off; it comes back, and reads on from its own cursor. */
  restart(why: string): void;
}

/** What the server says of a channel, parsed as far as it matters here. */
export type FeedNews =
  | { readonly t: 'sub_ok'; readonly ep: number; readonly head: number }
  | { readonly t: 'sub_err' | 'vol' }
  | { readonly t: 'msg'; readonly o: number; readonly ep?: number }
  | { readonly t: 'gap'; readonly to: number; readonly why: string; readonly ep?: number }
  | { readonly t: 'ret'; readonly k: string };

/** Where a tab is. */
interface Place {
  epoch: number;
  offset: number;
  /** Its cursor is of another life of the log, or from behind its end: the next gap is its own. */
  isLost: boolean;
}

interface Ask {
  readonly reader: FeedReader;
  readonly from: Cursor | undefined;
}

/** A question that the server has not answered: also from where it was asked to tell. */
interface Asking extends Ask {
  readonly lowest: Cursor | undefined;
}

export class Feed {
  readonly #places = new Map<FeedReader, Place>();
  readonly #asks: Ask[] = [];
  readonly #retained = new Map<string, string>();
  readonly #subscribe: (from: Cursor | undefined) => void;
  readonly #channel: string;
  /** Who asked for what the server has not answered yet; one at a time, so that each answer has its question. */
  #asking: Asking | undefined;
  /** Where the server's telling is; nothing before its first answer. */
  #at: Cursor | undefined;
  #head = 0;

  /** `subscribe` asks the server for the channel, from a cursor or from now on. */
  constructor(channel: string, subscribe: (from: Cursor | undefined) => void) {
    this.#channel = channel;
    this.#subscribe = subscribe;
  }

  /** Nobody reads it, and nothing is asked. */
  get isIdle(): boolean {
    return this.#places.size === 0 && this.#asks.length === 0 && this.#asking === undefined;
  }

  get readers(): Iterable<FeedReader> {
    return this.#places.keys();
  }

  /** A tab asks for the channel, or asks again. */
  ask(reader: FeedReader, from: Cursor | undefined): void {
    this.leave(reader); // What it asked before does not matter any more.
    this.#asks.push({ reader, from });
    this.#next();
  }

  leave(reader: FeedReader): void {
    this.#places.delete(reader);
    for (let at = this.#asks.length - 1; at >= 0; at -= 1) {
      if (this.#asks[at]?.reader === reader) {
        this.#asks.splice(at, 1);
      }
    }
    if (this.#asking?.reader === reader) {
      this.#asking = { ...this.#asking, reader: NOBODY };
    }
  }

  /** The server said something about the channel. */
  hear(news: FeedNews, text: string): void {
    switch (news.t) {
      case 'sub_ok':
        this.#attached(news.ep, news.head, text);
        break;
      case 'sub_err':
        this.#refused(text);
        break;
      case 'msg':
        this.#message(news.o, news.ep, text);
        break;
      case 'gap':
        this.#gap(news, text);
        break;
      case 'ret':
        this.#retain(news.k, text);
        this.#tellAll(text);
        break;
      case 'vol':
        this.#tellAll(text);
        break;
    }
  }

  /** Hands a value of one tab to the others, which the server does for other connections only. */
  echo(from: FeedReader, text: string): void {
    for (const reader of this.#places.keys()) {
      if (reader !== from) {
        reader.tell(text);
      }
    }
  }

  #next(): void {
    while (this.#asking === undefined) {
      const ask = this.#asks.shift();
      if (ask === undefined) {
        return;
      }
      if (!this.#join(ask)) {
        this.#asking = { ...ask, lowest: this.#lowest(ask.from) };
        this.#subscribe(this.#asking.lowest);
      }
    }
  }

  /** Joins a tab that is just where the telling is, or wants what comes from now on. */
  #join({ reader, from }: Ask): boolean {
    const at = this.#at;
    const isHere = from === undefined || (from.epoch === at?.epoch && from.offset === at.offset);
    if (at === undefined || !isHere) {
      return false;
    }
    const head = Math.max(this.#head, at.offset);
    const offset = from?.offset ?? head;
    this.#places.set(reader, { epoch: at.epoch, offset, isLost: false });
    reader.tell(JSON.stringify({ t: 'sub_ok', c: this.#channel, ep: at.epoch, head, n: head - offset }));
    for (const value of this.#retained.values()) {
      reader.tell(value);
    }
    return true;
  }

  /** From where the server must tell again, so that no tab misses anything. */
  #lowest(from: Cursor | undefined): Cursor | undefined {
    let lowest = from;
    for (const { epoch, offset } of this.#places.values()) {
      if (lowest === undefined || (epoch === lowest.epoch && offset < lowest.offset)) {
        lowest = { epoch, offset };
      }
    }
    return lowest;
  }

  #attached(epoch: number, head: number, text: string): void {
    const ask = this.#asking;
    if (ask === undefined) {
      return;
    }
    const { reader, from, lowest } = ask;
    this.#asking = undefined;
    this.#head = head;
    const isKnown = lowest?.epoch === epoch && lowest.offset <= head;
    this.#at = isKnown ? lowest : { epoch, offset: head };
    const isLost = from !== undefined && (from.epoch !== epoch || from.offset > head);
    for (const [other, place] of this.#places) {
      if (place.epoch !== epoch || (isKnown && place.offset < lowest.offset)) {
        this.#restart(other, 'the log is another one, or further');
      }
    }
    if (isLost && from !== lowest && reader !== NOBODY) {
      // Only when it is asked for from this very cursor does the server say that the log never had it.
      this.#asking = { reader, from, lowest: from };
      this.#subscribe(from);
      return;
    }
    if (reader !== NOBODY) {
      this.#places.set(reader, { ...(from ?? { epoch, offset: head }), isLost });
      reader.tell(text);
    }
    this.#next();
  }

  #refused(text: string): void {
    const ask = this.#asking;
    this.#asking = undefined;
    this.#at = undefined;
    ask?.reader.tell(text);
    for (const reader of [...this.#places.keys()]) {
      // It may be refused for one tab's cursor only: the others ask for themselves.
      this.#restart(reader, 'the channel was refused');
    }
    this.#next();
  }

  #restart(reader: FeedReader, why: string): void {
    this.#places.delete(reader);
    reader.restart(why);
  }

  #message(offset: number, given: number | undefined, text: string): void {
    if (this.#at === undefined) {
      return; // From before we asked anew.
    }
    const epoch = given ?? this.#at.epoch;
    this.#reached(epoch, offset);
    for (const [reader, place] of this.#places) {
      if (place.epoch !== epoch || offset > place.offset) {
        Object.assign(place, { epoch, offset, isLost: false });
        reader.tell(text);
      }
    }
  }

  #gap({ to, why, ep }: Extract<FeedNews, { t: 'gap' }>, text: string): void {
    if (this.#at === undefined) {
      return;
    }
    const epoch = ep ?? this.#at.epoch;
    this.#reached(epoch, to);
    for (const [reader, place] of this.#places) {
      const isOfThis = !place.isLost && place.epoch === epoch;
      if (isOfThis && place.offset >= to) {
        continue; // It is further, and has missed nothing.
      }
      // The range may be that of a tab which is further back, or whose log was another one.
      const own = {
        t: 'gap',
        c: this.#channel,
        from: place.offset + 1,
        to,
        why: why === 'epoch' ? 'expired' : why,
      };
      Object.assign(place, { epoch, offset: to, isLost: false });
      reader.tell(isOfThis ? JSON.stringify(own) : text);
    }
  }

  /** The telling is here; how far another life of the log reaches is not known. */
  #reached(epoch: number, offset: number): void {
    this.#head = epoch === this.#at?.epoch ? Math.max(this.#head, offset) : offset;
    this.#at = { epoch, offset };
  }

  #retain(key: string, text: string): void {
    this.#retained.delete(key);
    this.#retained.set(key, text);
    const oldest = this.#retained.size > RETAINED_MAX ? this.#retained.keys().next().value : undefined;
    if (oldest !== undefined) {
      this.#retained.delete(oldest);
    }
  }

  #tellAll(text: string): void {
    for (const reader of this.#places.keys()) {
      reader.tell(text);
    }
  }
}

/** In the place of a tab that left before it was answered. */
const NOBODY: FeedReader = { tell: () => undefined, restart: () => undefined };
