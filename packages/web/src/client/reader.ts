/** The reading end of a channel: what waits for the application, and how far it has come. */

import type {
  Channel,
  ChannelItem,
  ChannelMessage,
  ChannelRetained,
  Payload,
  SendOptions,
  Ticket,
} from '../api.js';
import type { Cursor } from '../engine/types.js';
import { contain } from './listeners.js';

/** A place in a channel, in the order in which the application was brought there. */
export interface Mark {
  readonly turn: number;
  readonly cursor: Cursor;
}

/** What a reader needs of the client. */
export interface ReaderHost {
  readonly name: string;
  publish(payload: Payload, options: SendOptions | undefined): Ticket;
  volatile(key: string, payload: Payload): boolean;
  retained(key: string): ChannelRetained | undefined;
  /** The application has handled more. */
  handled(): void;
  /** The application took an item. */
  taken(): void;
  closed(reader: Reader): void;
  failed(error: unknown, where: string): void;
}

interface Arrival {
  readonly item: ChannelItem;
  /** What is handled when this is. */
  readonly mark: Mark | undefined;
}

type Taker<T extends Payload> = (result: IteratorResult<ChannelItem<T>>) => void;

export class Reader<T extends Payload = Payload> implements Channel<T> {
  /** What was handled. */
  mark: Mark | undefined;
  isClosed = false;
  private queue: Arrival[] = [];
  private readonly takers: Taker<T>[] = [];
  private readonly listeners = new Set<(item: ChannelItem<T>) => void>();
  /** Loops that run. */
  private loops = 0;
  /** What the loop has and has not returned from. */
  private inHand: Mark | undefined;
  private isPumping = false;

  constructor(
    private readonly host: ReaderHost,
    private readonly isManual: boolean,
    private readonly itemsMax: number,
  ) {}

  get name(): string {
    return this.host.name;
  }

  get cursor(): Cursor | undefined {
    return this.mark?.cursor;
  }

  /** Whether no more items should come for now. */
  get isFull(): boolean {
    return this.queue.length >= this.itemsMax;
  }

  /** Whether half of what may wait is free again. */
  get isHalfFree(): boolean {
    return this.queue.length <= this.itemsMax / 2;
  }

  onItem(listener: (item: ChannelItem<T>) => void): () => void {
    const own = (item: ChannelItem<T>): void => listener(item);
    this.listeners.add(own);
    this.pump();
    return () => void this.listeners.delete(own);
  }

  publish(payload: T, options?: SendOptions): Ticket {
    return this.host.publish(payload, options);
  }

  volatile(key: string, payload: Payload): boolean {
    return this.host.volatile(key, payload);
  }

  retained(key: string): ChannelRetained | undefined {
    return this.host.retained(key);
  }

  [Symbol.asyncIterator](): AsyncIterator<ChannelItem<T>> {
    this.loops += 1;
    let isOver = false;
    const over = (): void => {
      if (!isOver) this.loops -= 1;
      isOver = true;
    };
    return {
      next: async () => {
        const result = isOver ? END : await this.next();
        if (result.done) over();
        return result;
      },
      return: async () => {
        over();
        // What the loop was left with is not handled; what waits goes to those who listen.
        this.inHand = undefined;
        this.pump();
        return END;
      },
    };
  }

  close(): void {
    if (this.isClosed) return;
    this.end();
    this.queue = [];
    this.host.closed(this as unknown as Reader);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Brings something; what moves the cursor has a mark. */
  bring(item: ChannelItem | undefined, mark?: Mark): void {
    if (this.isClosed) return;
    if (item !== undefined) this.queue.push({ item, mark });
    else if (mark !== undefined) this.handle(mark);
  }

  /** Everything up to this mark is handled; older news is ignored. */
  handle(mark: Mark): void {
    if (this.mark !== undefined && this.mark.turn >= mark.turn) return;
    this.mark = mark;
    this.host.handled();
  }

  /** Nothing more comes: loops end once they have taken what waits. */
  end(): void {
    this.isClosed = true;
    if (this.queue.length === 0) for (const taker of this.takers.splice(0)) taker(END);
  }

  /** Hands what waits to those who take it. */
  readonly pump = (): void => {
    // A listener that makes items come is not called again from within.
    if (this.isPumping) return;
    this.isPumping = true;
    while (this.queue.length > 0) {
      const taker = this.takers.shift();
      if (taker === undefined && (this.loops > 0 || this.listeners.size === 0)) break;
      const { item, mark } = this.take();
      this.call(item);
      if (taker !== undefined) {
        this.inHand = mark ?? this.inHand;
        taker({ done: false, value: item as ChannelItem<T> });
      } else if (mark !== undefined && !this.isManual) {
        this.handle(mark);
      }
    }
    this.isPumping = false;
    if (this.isClosed && this.queue.length === 0) for (const taker of this.takers.splice(0)) taker(END);
  };

  private next(): Promise<IteratorResult<ChannelItem<T>>> {
    const { inHand } = this;
    this.inHand = undefined;
    if (inHand !== undefined && !this.isManual) this.handle(inHand);
    return new Promise((resolve) => {
      this.takers.push(resolve);
      this.pump();
    });
  }

  private take(): Arrival {
    const arrival = this.queue.shift() as Arrival;
    this.host.taken();
    return arrival;
  }

  private call(item: ChannelItem): void {
    for (const listener of [...this.listeners]) {
      contain(
        () => listener(item as ChannelItem<T>),
        (error) => this.host.failed(error, `listener of ${this.name}`),
      );
    }
  }
}

/** A message of a log, and who must know that it is handled. */
export class LogMessage implements ChannelMessage {
  readonly type = 'message';
  declare readonly channel: string;
  declare readonly epoch: number;
  declare readonly offset: number;
  declare readonly id: string;
  declare readonly producer: string;
  declare readonly sequence: number;
  declare readonly user: string | undefined;
  declare readonly at: number;
  declare readonly payload: Payload;
  declare readonly own: boolean;
  declare readonly replayed: boolean;
  readonly #handled: (() => void) | undefined;

  constructor(fields: Omit<ChannelMessage, 'type' | 'ack'>, handled?: () => void) {
    Object.assign(this, fields);
    this.#handled = handled;
  }

  ack(): void {
    this.#handled?.();
  }
}

const END = { done: true, value: undefined } as const;
