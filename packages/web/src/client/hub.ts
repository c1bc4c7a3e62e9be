/** One channel of a client, and all who read it. */

import type {
  ChannelGap,
  ChannelItem,
  ChannelOptions,
  ChannelRetained,
  CursorStore,
  HistoryPage,
  Payload,
  SendOptions,
  Ticket,
} from '../api.js';
import type { Body } from '../driver/speech.js';
import type { Details } from '../driver/v1-speech.js';
import type { Cursor, Event, Position } from '../engine/types.js';
import { Filling, type FillingHost } from './filling.js';
import { LogMessage, type Mark, Reader, type ReaderHost } from './reader.js';

/** What a channel needs of the client. */
export interface HubHost {
  readonly cursors: CursorStore | undefined;
  publish(channel: string, payload: Payload, options: SendOptions | undefined): Ticket;
  volatile(channel: string, key: string, payload: Payload): boolean;
  /** Asks the engine for the channel, or gives it up. */
  subscribe(id: number, from: Cursor | undefined): void;
  unsubscribe(id: number): void;
  pause(id: number): void;
  resume(id: number): void;
  /** How far the engine has come. */
  cursor(id: number): Cursor | undefined;
  page(channel: string, after: number): Promise<HistoryPage>;
  /** Calls later, when code of the application may run. */
  later(run: () => void): void;
  failed(error: unknown, where: string): void;
  /** Nobody reads it any more. */
  ended(hub: Hub): void;
}

export class Hub implements ReaderHost {
  /** Who reads it; one that is still behind the others has its own way to them. */
  private readonly readers = new Map<Reader, Filling | undefined>();
  private readonly values = new Map<string, ChannelRetained>();
  private isAsked = false;
  private isPaused = false;
  private turn = 0;
  /** The slowest reader's place, as the store knows it. */
  private saved: Mark | undefined;
  /** The end of the log when the channel was first attached: what is not behind it was stored before. */
  private first: { readonly epoch: number; readonly head: number } | undefined;
  /** Where the replay of this attach ends. */
  private head: number | undefined;
  /** Everything from the beginning is wanted: that the log is another one than none is no news. */
  private begins = false;

  constructor(
    private readonly host: HubHost,
    readonly name: string,
    private readonly id: number,
  ) {}

  /** Opens a reader. The first one decides where the subscription begins; another one that begins before is filled up. */
  open({ from = 'stored', ack }: ChannelOptions, itemsMax: number): Reader {
    const reader = new Reader(this, ack === 'manual', itemsMax);
    const isFirst = this.readers.size === 0;
    this.readers.set(reader, undefined);
    const begin = (cursor: Cursor | undefined): void => {
      if (isFirst) this.ask(cursor);
      else this.join(reader, cursor);
    };
    const { cursors } = this.host;
    if (from !== 'stored' || cursors === undefined) {
      begin(typeof from === 'object' ? from : from === 'beginning' ? BEGINNING : undefined);
      return reader;
    }
    cursors.load(this.name).then(begin, (error: unknown) => {
      this.failed(error, 'cursors');
      begin(undefined);
    });
    return reader;
  }

  /** Ends all readers: the client is closed. */
  close(): void {
    for (const reader of [...this.readers.keys()]) {
      reader.end();
      this.closed(reader);
    }
  }

  // -------------------------------------------------------------------------------------------------------------
  // What the engine tells

  message(position: Position, details: Details, payload: Body, own: boolean): void {
    const { epoch, offset, origin } = position;
    this.begins = false;
    const mark = this.place({ epoch, offset });
    const { producer, user, at } = details;
    const id = details.id ?? `${producer}/${origin.sequence}`;
    const replayed = this.first !== undefined && epoch === this.first.epoch && offset <= this.first.head;
    const { name } = this;
    const fields = {
      channel: name,
      epoch,
      offset,
      id,
      producer,
      sequence: origin.sequence,
      user,
      at,
      payload,
      own,
      replayed,
    };
    for (const reader of this.level(mark.cursor)) {
      reader.bring(new LogMessage(fields, () => reader.handle(mark)), mark);
    }
    this.brought();
    this.reached(offset);
  }

  /** Tells a gap; returns it as it is news for others, if it is. */
  gap(event: Extract<Event<Body>, { type: 'gap' }>): ChannelGap | undefined {
    const { from, to, epoch } = event;
    const mark = this.place({ epoch, offset: to });
    // Whoever reads from the beginning names no life of the log: what he misses has expired.
    const cause = this.begins ? 'expired' : event.cause;
    const isNews = !this.begins || to >= from;
    this.begins = false;
    const gap: ChannelGap | undefined = isNews
      ? { type: 'gap', channel: this.name, from, to, cause }
      : undefined;
    for (const reader of this.level(mark.cursor)) reader.bring(gap, mark);
    this.brought();
    this.reached(to);
    return gap;
  }

  attached(epoch: number, head: number): void {
    this.first ??= { epoch, head };
    this.head = head;
    const cursor = this.host.cursor(this.id);
    if (cursor === undefined) return;
    if (this.turn === 0 && !this.begins) {
      // Reading begins here: what comes behind it is not handled yet, even after a crash.
      for (const reader of this.readers.keys())
        if (reader.mark === undefined) reader.handle({ turn: 0, cursor });
    }
    if (cursor.epoch === epoch) this.reached(cursor.offset);
  }

  /** The connection stands: pages can be asked for. */
  connected(): void {
    for (const filling of this.readers.values()) filling?.go();
  }

  volatileValue(key: string, user: string | undefined, payload: Body): void {
    this.tell({ type: 'volatile', channel: this.name, key, user, payload });
  }

  retainedValue(key: string, version: number, payload: Body): void {
    const item: ChannelRetained = { type: 'retained', channel: this.name, key, version, payload };
    this.values.delete(key);
    this.values.set(key, item);
    const oldest = this.values.size > RETAINED_MAX ? this.values.keys().next().value : undefined;
    if (oldest !== undefined) this.values.delete(oldest);
    this.tell(item);
  }

  refused(code: number, why: string): void {
    this.tell({ type: 'refused', channel: this.name, code, why });
    this.host.later(() => this.close());
  }

  /** Gives the channel up for the moment if a reader takes too little. */
  pauseIfFull(): void {
    if (this.isPaused || ![...this.readers.keys()].some((reader) => reader.isFull)) return;
    this.isPaused = true;
    this.host.pause(this.id);
  }

  // -------------------------------------------------------------------------------------------------------------
  // What readers need

  publish(payload: Payload, options: SendOptions | undefined): Ticket {
    return this.host.publish(this.name, payload, options);
  }

  volatile(key: string, payload: Payload): boolean {
    return this.host.volatile(this.name, key, payload);
  }

  retained(key: string): ChannelRetained | undefined {
    return this.values.get(key);
  }

  /** The durable cursor is where the slowest reader is: what one has not handled comes again. */
  handled(): void {
    let slowest: Mark | undefined;
    for (const { mark } of this.readers.keys()) {
      if (mark === undefined) return;
      if (slowest === undefined || mark.turn < slowest.turn) slowest = mark;
    }
    if (slowest === undefined || (this.saved !== undefined && slowest.turn <= this.saved.turn)) return;
    this.saved = slowest;
    try {
      this.host.cursors?.save(this.name, slowest.cursor);
    } catch (error) {
      this.failed(error, 'cursors');
    }
  }

  taken(): void {
    this.connected();
    if (!this.isPaused || ![...this.readers.keys()].every((reader) => reader.isHalfFree)) return;
    this.isPaused = false;
    this.host.resume(this.id);
  }

  closed(reader: Reader): void {
    if (!this.readers.delete(reader)) return;
    if (this.readers.size > 0) {
      this.taken();
      this.handled();
      return;
    }
    if (this.isAsked) this.host.unsubscribe(this.id);
    this.host.ended(this);
  }

  failed(error: unknown, where: string): void {
    this.host.failed(error, where);
  }

  // -------------------------------------------------------------------------------------------------------------
  // Starting

  private ask(from: Cursor | undefined): void {
    if (this.readers.size === 0) return;
    this.begins = from === BEGINNING;
    this.isAsked = true;
    if (from !== undefined && !this.begins)
      for (const reader of this.readers.keys()) reader.handle({ turn: 0, cursor: from });
    try {
      this.host.subscribe(this.id, from);
    } catch (error) {
      // Too many channels, the one thing that the engine can say here.
      this.failed(error, this.name);
      this.refused(0, String(error));
    }
  }

  private join(reader: Reader, from: Cursor | undefined): void {
    if (reader.isClosed) return;
    for (const value of this.values.values()) reader.bring(value);
    const cursor = this.host.cursor(this.id);
    if (from !== undefined) {
      const filling = new Filling(this.fillingHost(), reader, from);
      this.readers.set(reader, filling);
      filling.go();
    } else if (cursor !== undefined) {
      reader.handle({ turn: this.turn, cursor });
      if (this.head === undefined)
        reader.bring({ type: 'caughtUp', channel: this.name, head: cursor.offset });
    }
    this.host.later(reader.pump);
  }

  private fillingHost(): FillingHost {
    return {
      name: this.name,
      page: (after) => this.host.page(this.name, after),
      cursor: () => this.host.cursor(this.id),
      mark: (cursor) => ({
        turn: this.turn - (this.host.cursor(this.id)?.offset ?? 0) + cursor.offset,
        cursor,
      }),
      later: (run) => this.host.later(run),
    };
  }

  /** Who is where a live message is. */
  private *level(cursor: Cursor): Iterable<Reader> {
    for (const [reader, filling] of this.readers) {
      if (filling === undefined || (filling.isOver && !filling.has(cursor))) yield reader;
    }
  }

  private place(cursor: Cursor): Mark {
    this.turn += 1;
    return { turn: this.turn, cursor };
  }

  private reached(offset: number): void {
    if (this.head === undefined || offset < this.head) return;
    const { head } = this;
    this.head = undefined;
    this.tell({ type: 'caughtUp', channel: this.name, head });
  }

  private tell(item: ChannelItem): void {
    for (const reader of this.readers.keys()) reader.bring(item);
    this.brought();
  }

  private brought(): void {
    for (const reader of this.readers.keys()) this.host.later(reader.pump);
  }
}

/** Before the first message of any life of a log. */
const BEGINNING: Cursor = { epoch: 0, offset: 0 };

/** Last values that are remembered of one channel. */
const RETAINED_MAX = 256;
