/** Many numbered messages in a row, and what becomes of each. */

import type { Channel, ChannelItem, Client, Ticket } from '../../../src/api.js';

/** How far a message is. `doubled` and `reordered` must never be seen. */
export type Dot = 'waiting' | 'sent' | 'stored' | 'arrived' | 'doubled' | 'reordered' | 'failed';

/** A run of messages; replaced as a whole when it changes. */
export interface BurstSnapshot {
  readonly dots: readonly Dot[];
  readonly isRunning: boolean;
}

/** Sends numbered messages to a channel of its own, one after the other, so that there is time to break something. */
export class Burst {
  readonly #client: Pick<Client, 'channel'>;
  readonly #watchers = new Set<() => void>();
  #channel: Channel | undefined;
  #run = '';
  #arrived = 0;
  #snapshot: BurstSnapshot = Object.freeze({ dots: [], isRunning: false });

  /** @param onItem told of everything that comes on the channel. */
  constructor(
    client: Pick<Client, 'channel'>,
    readonly onItem: (item: ChannelItem) => void = () => undefined,
  ) {
    this.#client = client;
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly getSnapshot = (): BurstSnapshot => this.#snapshot;

  /**
   * Begins a run; one that goes on is left as it is.
   *
   * @param run names it. @param every calls its argument until it returns `false`, in a pace.
   */
  start(run: string, every: (step: () => boolean) => void, messages = MESSAGES): void {
    if (this.#snapshot.isRunning) return;
    this.#run = run;
    this.#arrived = 0;
    this.#set({ dots: Array<Dot>(messages).fill('waiting'), isRunning: true });
    const channel = this.#open();
    let next = 0;
    every(() => {
      if (this.#run !== run || next >= messages) return false;
      this.#send(channel, run, next);
      next += 1;
      return next < messages;
    });
  }

  close(): void {
    this.#run = '';
    this.#channel?.close();
    this.#channel = undefined;
  }

  #open(): Channel {
    if (this.#channel !== undefined) return this.#channel;
    const channel = this.#client.channel(CHANNEL, { from: 'now' });
    channel.onItem((item) => {
      this.onItem(item);
      if (item.type === 'message') this.#came(item.payload);
    });
    this.#channel = channel;
    return channel;
  }

  #send(channel: Channel, run: string, index: number): void {
    const ticket = channel.publish({ run, number: index + 1, plaintext: `Message ${index + 1}` });
    const look = (ticket: Ticket) => {
      if (run !== this.#run) return;
      const dot = DOTS[ticket.status];
      // It can come back before its acknowledgement does.
      if (dot !== undefined && RANK[dot] > RANK[this.#snapshot.dots[index] ?? 'failed'])
        this.#mark(index, dot);
    };
    ticket.onChange(look);
    look(ticket);
  }

  #came(payload: unknown): void {
    if (typeof payload !== 'object' || payload === null) return;
    const { run, number } = payload as { run?: unknown; number?: unknown };
    if (run !== this.#run || typeof number !== 'number') return;
    const dot = this.#snapshot.dots[number - 1];
    if (dot === undefined) return;
    const isAgain = dot === 'arrived' || dot === 'doubled' || dot === 'reordered';
    const inOrder = number === this.#arrived + 1;
    this.#arrived = Math.max(this.#arrived, number);
    this.#mark(number - 1, isAgain ? 'doubled' : inOrder ? 'arrived' : 'reordered');
  }

  #mark(index: number, dot: Dot): void {
    const dots = this.#snapshot.dots.with(index, dot);
    this.#set({ dots, isRunning: dots.some((dot) => RANK[dot] < RANK.arrived) });
  }

  #set(snapshot: BurstSnapshot): void {
    this.#snapshot = Object.freeze(snapshot);
    for (const watcher of this.#watchers) watcher();
  }
}

/** Counts the dots of each kind. */
export function tally(dots: readonly Dot[]): Readonly<Record<Dot, number>> {
  const tally: Record<Dot, number> = {
    waiting: 0,
    sent: 0,
    stored: 0,
    arrived: 0,
    doubled: 0,
    reordered: 0,
    failed: 0,
  };
  for (const dot of dots) tally[dot] += 1;
  return tally;
}

const DOTS: Partial<Record<Ticket['status'], Dot>> = { sent: 'sent', acked: 'stored', dropped: 'failed' };

const RANK: Readonly<Record<Dot, number>> = {
  waiting: 0,
  sent: 1,
  stored: 2,
  arrived: 3,
  failed: 4,
  reordered: 5,
  doubled: 6,
};

const CHANNEL = 'page-burst';

/** Messages in a run. */
export const MESSAGES = 50;
