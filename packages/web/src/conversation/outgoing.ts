/**
 * Messages on their way to a server of plain JSON. The client under it forgets a message once it is with the
 * browser; a server that acknowledges (ours does, by `id`) lets more be promised: what was not confirmed when the
 * connection was lost goes again under its old name, before anything newer, and the server stores it once.
 */

import type { Client, DropReason, Json, OutboxKey, OutboxStore, SendOptions, Ticket } from '../api.js';

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
  /** Most messages that wait for a first connection; the oldest goes. */
  readonly heldMax: number;
  /** Told of each message that will not go. */
  readonly onDrop: (message: OutgoingMessage, reason: LossReason) => void;
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
  /** The last hand-over; none before the first. */
  handover: { readonly ticket: Ticket; readonly abort: AbortController } | undefined;
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

  /** Messages that wait, because there was no connection yet. */
  get held(): number {
    return this.#entries.filter((entry) => entry.handover === undefined && this.#isCurrent(entry)).length;
  }

  /** Sends by a client from now on, at first what waits for this conversation. */
  attach(client: Client, channel: string): void {
    this.#client = client;
    this.#channel = channel;
    this.#confirms = undefined;
    for (const entry of this.#entries.filter((entry) => this.#isCurrent(entry))) {
      this.#handOver(entry);
    }
  }

  /** The client is left: what is not settled is dropped; what is stored waits until its conversation is back. */
  detach(): void {
    this.#client = undefined;
    const left = this.#entries;
    this.#entries = [];
    for (const entry of left) {
      entry.handover?.abort.abort();
      entry.handover = undefined;
      if (this.#options.store === undefined) {
        this.#options.onDrop(entry, 'cleared');
      } else {
        this.#entries.push(entry);
      }
    }
    this.#channel = undefined;
  }

  /** Drops what waits, but not what is on its way. */
  clear(): void {
    for (const entry of [...this.#entries]) {
      if (this.#isCurrent(entry) && (entry.handover === undefined || entry.handover.ticket.status === 'queued')) {
        this.#drop(entry, 'cleared');
      }
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
    if (this.#entries.length >= TRACKED_MAX) {
      this.#options.onDrop(entry, 'queue_full');
      return undefined;
    }
    this.#entries.push(entry);
    this.#keep(entry);
    if (this.#client === undefined) {
      this.#boundHeld();
    } else {
      this.#handOver(entry);
    }
    return entry.handover?.ticket.status === 'dropped' ? undefined : entry;
  }

  /** The server confirmed a message. */
  confirm(id: unknown): void {
    this.#confirms = true;
    const entry = this.#entries.find((entry) => entry.id === id);
    if (entry !== undefined) {
      this.#settle(entry);
    }
  }

  /** It is known whether the server confirms messages. */
  learn(confirms: boolean): void {
    this.#confirms ??= confirms;
    if (!this.#confirms) {
      for (const entry of this.#entries.filter((entry) => entry.handover?.ticket.status === 'sent')) {
        this.#settle(entry);
      }
    }
  }

  /** The connection was lost: what was not confirmed goes again, in its old order, before anything newer. */
  lost(): void {
    const current = this.#entries.filter((entry) => entry.handover !== undefined && this.#isCurrent(entry));
    if (this.#confirms !== true) {
      // Sent again it could be doubled, and nobody would know.
      for (const entry of current.filter((entry) => entry.handover?.ticket.status === 'sent')) {
        this.#drop(entry, 'in_doubt');
      }
      return;
    }
    for (const entry of current) {
      entry.handover?.abort.abort();
    }
    for (const entry of current) {
      this.#handOver(entry);
    }
  }

  /** Ends it; what is stored is for the next page. */
  async close(): Promise<void> {
    this.detach();
    this.#stopLeft?.();
    this.#stopLeft = undefined;
    const { store } = this.#options;
    if (store !== undefined) {
      this.#store(() => store.close());
    }
    await this.#storing;
  }

  #handOver(entry: Entry): void {
    const abort = new AbortController();
    const options: SendOptions = { signal: abort.signal };
    const frame = entry.confirmable ? { ...entry.frame, id: entry.id } : entry.frame;
    const ticket = this.#client?.send(frame, options);
    if (ticket === undefined) {
      return;
    }
    const handover = { ticket, abort };
    entry.handover = handover;
    entry.attempts += 1;
    void ticket.settled.then((settlement) => {
      if (entry.handover !== handover || !this.#entries.includes(entry)) {
        return;
      }
      if (settlement.status === 'dropped') {
        this.#drop(entry, settlement.reason);
      } else if (settlement.status === 'acked' || !entry.confirmable || this.#confirms === false) {
        this.#settle(entry);
      }
    });
  }

  #drop(entry: Entry, reason: LossReason): void {
    const { handover } = entry;
    this.#settle(entry);
    handover?.abort.abort();
    this.#options.onDrop(entry, reason);
  }

  #settle(entry: Entry): void {
    entry.handover = undefined;
    this.#entries = this.#entries.filter((other) => other !== entry);
    const { store } = this.#options;
    if (store !== undefined && entry.confirmable) {
      this.#store(() => store.remove([entry.key]));
    }
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
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || payload instanceof Uint8Array) {
      this.#options.onError(new TypeError(`a stored message of ${key.channel} is no object of JSON; it is skipped`));
      return;
    }
    const entry = newEntry(key, payload as OutgoingFrame, true);
    this.#entries.push(entry);
    if (this.#isCurrent(entry)) {
      this.#handOver(entry);
    }
  }

  #boundHeld(): void {
    while (this.held > this.#options.heldMax) {
      const oldest = this.#entries.find((entry) => entry.handover === undefined && this.#isCurrent(entry));
      if (oldest !== undefined) {
        this.#drop(oldest, 'dropped_oldest');
      }
    }
  }

  #isCurrent(entry: Entry): boolean {
    return this.#channel === undefined || entry.channel === this.#channel;
  }
}

function newEntry(key: OutboxKey, frame: OutgoingFrame, confirmable: boolean): Entry {
  const id = `${key.producer}:${key.sequence}`;
  return { id, channel: key.channel, frame, attempts: 0, confirmable, key, handover: undefined };
}

/** Most messages that are followed until they are confirmed; more are refused until some are. */
export const TRACKED_MAX = 4096;
