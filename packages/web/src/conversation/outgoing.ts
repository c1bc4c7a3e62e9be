/**
 * Messages on their way to a server of plain JSON. The client under it forgets a message once it is with the
 * browser; a server that acknowledges (ours does, by `id`) lets more be promised: what was not confirmed when the
 * connection was lost goes again under its old name, before anything newer, and the server stores it once.
 *
 * While the connection is away messages wait here and not in the engine's outbox, from which nothing can be taken
 * back that was sent once: so they can be cleared, and those that go again keep their place in the order.
 */

import type { Client, DropReason, Json, OutboxKey, OutboxStore, Ticket } from '../api.js';

/** What is sent: an object of JSON. */
export type OutgoingFrame = { readonly [key: string]: Json };

/** A message that is not settled yet. */
export interface OutgoingMessage {
  /** Names it for good; the server knows it by this when it comes again. */
  readonly id: string;
  /** The conversation. */
  readonly channel: string;
  readonly frame: OutgoingFrame;
  /** How often it was handed to a connection. */
  readonly attempts: number;
}

/** Why a message is no longer on its way, though nobody confirmed it. `in_doubt`: it may have arrived or not. */
export type LossReason = DropReason | 'in_doubt';

export interface OutgoingOptions {
  /** Names this page's messages; no other page has it. */
  readonly producer: string;
  /** Most messages that wait for a connection. */
  readonly waitingMax: number;
  /** What gives way to one more: the oldest that waits, or the new one. */
  readonly overflow: 'dropOldest' | 'refuse';
  /** Told of each message that will not go. */
  readonly onDrop: (message: OutgoingMessage, reason: LossReason) => void;
  /** Told when {@link Outgoing.waiting} may have changed. */
  readonly onChange: () => void;
  /** Told of what went wrong beside the connection: storage. */
  readonly onError: (error: unknown) => void;
  /** Keeps messages across pages. */
  readonly store?: OutboxStore | undefined;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

interface Entry extends OutgoingMessage {
  attempts: number;
  /** Whether the server can confirm it. */
  readonly confirmable: boolean;
  readonly key: OutboxKey;
  /** While it is with the client; none while it waits. */
  ticket: Ticket | undefined;
}

export class Outgoing {
  readonly #options: OutgoingOptions;
  #entries: Entry[] = [];
  #sequence = 0;
  #client: Client | undefined;
  #channel: string | undefined;
  /** Whether the server confirms; undefined until it is known. */
  #confirms: boolean | undefined;
  #storing: Promise<void> = Promise.resolve();
  #stopLeft: (() => void) | undefined;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    const { store, producer } = options;
    if (store !== undefined) {
      this.#stopLeft = store.onLeft((entries) => {
        for (const { channel, producer, sequence, payload } of entries) {
          this.#takeLeft({ channel, producer, sequence }, payload);
        }
      });
      this.#store(() => store.open(producer));
    }
  }

  /** Messages that are not settled, the oldest first. */
  get messages(): readonly OutgoingMessage[] {
    return this.#entries;
  }

  /** How many of this conversation wait to be sent. */
  get waiting(): number {
    return this.#waiting().length;
  }

  /** Sends by a client from now on, as soon as it is connected. */
  attach(client: Client, channel: string): void {
    this.#client = client;
    this.#channel = channel;
    this.pump();
  }

  /** The client is left: what is not settled is dropped; what is stored waits until its conversation is back. */
  detach(): void {
    this.#client = undefined;
    this.#channel = undefined;
    const left = this.#entries;
    this.#entries = left.filter((entry) => this.#isStored(entry));
    for (const entry of left) {
      entry.ticket = undefined;
      if (!this.#isStored(entry)) {
        this.#options.onDrop(entry, 'cleared');
      }
    }
    this.#options.onChange();
  }

  /** Drops what waits, but not what is on its way. */
  clear(): void {
    for (const entry of this.#waiting()) {
      this.#drop(entry, 'cleared');
    }
  }

  /**
   * Sends a message, or keeps it until there is a connection. Returns undefined if it cannot be taken; `onDrop` was
   * told why.
   */
  send(channel: string, frame: OutgoingFrame, confirmable: boolean): OutgoingMessage | undefined {
    this.#sequence += 1;
    const key: OutboxKey = { channel, producer: this.#options.producer, sequence: this.#sequence };
    const entry = newEntry(key, frame, confirmable);
    if (!this.#makeRoom()) {
      this.#options.onDrop(entry, 'queue_full');
      return undefined;
    }
    this.#entries.push(entry);
    this.#keep(entry);
    this.pump();
    this.#options.onChange();
    return this.#entries.includes(entry) || entry.attempts > 0 ? entry : undefined;
  }

  /** Hands over what waits, in order, while the connection takes it. */
  pump(): void {
    const client = this.#client;
    if (client?.state !== 'connected' || this.#entries.some((entry) => entry.ticket?.status === 'queued')) {
      return;
    }
    for (const entry of this.#waiting()) {
      const ticket = this.#handOver(client, entry);
      if (ticket.status === 'queued') {
        // The socket takes no more for now. What is with the client cannot be taken back, so it is only this one.
        const stop = ticket.onChange(() => {
          stop();
          this.pump();
        });
        break;
      }
    }
    this.#options.onChange();
  }

  /** The server confirmed a message. */
  confirm(id: unknown): void {
    this.#confirms = true;
    const entry = this.#entries.find((entry) => entry.id === id);
    if (entry !== undefined) {
      this.#settle(entry);
    }
  }

  /** The server will not store a message: it does not go again. */
  refuse(id: unknown): void {
    const entry = this.#entries.find((entry) => entry.id === id);
    if (entry !== undefined) {
      this.#drop(entry, 'refused');
    }
  }

  /** The server left because of a message's size: the biggest of those that were on their way does not go again. */
  tooBig(): void {
    const size = (entry: Entry) => JSON.stringify(entry.frame).length;
    const [biggest] = this.#entries
      .filter((entry) => entry.attempts > 0 && this.#isCurrent(entry))
      .sort((one, other) => size(other) - size(one));
    if (biggest !== undefined) {
      this.#drop(biggest, 'too_big');
    }
  }

  /** It is known whether the server confirms messages. */
  learn(confirms: boolean): void {
    if (this.#confirms !== undefined) {
      return;
    }
    this.#confirms = confirms;
    for (const entry of confirms ? [] : this.#sent()) {
      this.#settle(entry);
    }
  }

  /** The connection was lost: what was not confirmed waits again, in its old place. */
  lost(): void {
    for (const entry of this.#sent()) {
      if (this.#confirms ?? this.#isStored(entry)) {
        entry.ticket = undefined;
      } else {
        // Sent again it could be doubled, and nobody would know. (Who keeps messages across pages wants it nevertheless,
        // as long as nothing speaks against the server.)
        this.#drop(entry, 'in_doubt');
      }
    }
    this.#options.onChange();
  }

  /** Ends it; what is stored is for the next page. */
  async close(): Promise<void> {
    this.detach();
    this.#entries = [];
    this.#stopLeft?.();
    this.#stopLeft = undefined;
    const { store } = this.#options;
    if (store !== undefined) {
      this.#store(() => store.close());
    }
    await this.#storing;
  }

  /** Another socket took over while the connection stood: what the old one has swallowed goes again. */
  moved(): void {
    if (this.#confirms === true) {
      this.lost();
      this.pump();
    }
  }

  #handOver(client: Client, entry: Entry): Ticket {
    const ticket = client.send(entry.confirmable ? { ...entry.frame, id: entry.id } : entry.frame);
    entry.ticket = ticket;
    entry.attempts += 1;
    void ticket.settled.then((settlement) => {
      if (entry.ticket !== ticket || !this.#entries.includes(entry)) {
        return;
      }
      if (settlement.status === 'dropped') {
        this.#drop(entry, settlement.reason);
      } else if (!entry.confirmable || this.#confirms === false) {
        this.#settle(entry);
      }
    });
    return ticket;
  }

  #waiting(): readonly Entry[] {
    return this.#entries.filter((entry) => entry.ticket === undefined && this.#isCurrent(entry));
  }

  #sent(): readonly Entry[] {
    return this.#entries.filter((entry) => entry.confirmable && entry.ticket?.status === 'sent');
  }

  #makeRoom(): boolean {
    const { waitingMax, overflow } = this.#options;
    if (this.#entries.length >= TRACKED_MAX) {
      return false;
    }
    const waiting = this.#waiting();
    const [oldest] = waiting;
    if (waiting.length < waitingMax || oldest === undefined) {
      return true;
    }
    if (overflow === 'refuse') {
      return false;
    }
    this.#drop(oldest, 'dropped_oldest');
    return true;
  }

  #drop(entry: Entry, reason: LossReason): void {
    this.#settle(entry);
    this.#options.onDrop(entry, reason);
  }

  #settle(entry: Entry): void {
    entry.ticket = undefined;
    this.#entries = this.#entries.filter((other) => other !== entry);
    const { store, onChange } = this.#options;
    if (store !== undefined && entry.confirmable) {
      this.#store(() => store.remove([entry.key]));
    }
    onChange();
  }

  #keep(entry: Entry): void {
    const { store, wallClock } = this.#options;
    if (store !== undefined && entry.confirmable) {
      const kept = { ...entry.key, before: undefined, payload: entry.frame, takenAt: wallClock() };
      this.#store(() => store.put([kept]));
    }
  }

  /** One after another: an entry is removed after it was put. */
  #store(step: () => Promise<void>): void {
    this.#storing = this.#storing.then(step).catch(this.#options.onError);
  }

  /** A page that lives no longer left a message; it keeps its name. */
  #takeLeft(key: OutboxKey, payload: unknown): void {
    if (
      typeof payload !== 'object' ||
      payload === null ||
      Array.isArray(payload) ||
      payload instanceof Uint8Array
    ) {
      this.#options.onError(
        new TypeError(`a stored message of ${key.channel} is no object of JSON; it is skipped`),
      );
      return;
    }
    this.#entries.push(newEntry(key, payload as OutgoingFrame, true));
    this.pump();
  }

  #isStored(entry: Entry): boolean {
    return this.#options.store !== undefined && entry.confirmable;
  }

  #isCurrent(entry: Entry): boolean {
    return this.#channel === undefined || entry.channel === this.#channel;
  }
}

function newEntry(key: OutboxKey, frame: OutgoingFrame, confirmable: boolean): Entry {
  const id = `${key.producer}:${key.sequence}`;
  return { id, channel: key.channel, frame, attempts: 0, confirmable, key, ticket: undefined };
}

/** Most messages that are followed until they are confirmed; more are refused until some are. */
export const TRACKED_MAX = 4096;
