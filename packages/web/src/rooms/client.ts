/** Rooms over one connection that comes back. */

import type { Client, ConnectionSnapshot, ConnectionSource, Payload, Platform, SendOptions, Ticket } from '../api.js';
import { EverlinkClient } from '../client/client.js';
import { optionError } from '../options/check.js';
import { callEach } from '../options/listeners.js';
import { browserPlatform } from '../platform/index.js';
import { checkRoom, checkRooms, type RoomsOptions } from './client-options.js';
import type { RoomsEvents } from './events.js';
import { outgoingPayload, type RoomMessage } from './message.js';
import { ReconnectionManager } from './reconnection.js';
import { READ, Room, TYPING } from './room.js';
import { Thinning } from './thinning.js';
import { ChannelTransport, type RoomHandle, type RoomsTransport } from './transport.js';
import { TYPING_EXPIRES_MS } from './typing.js';

interface Joined {
  readonly room: Room;
  readonly handle: RoomHandle;
}

/**
 * Any number of rooms over one connection (profile `rooms`, `everlink.v1`).
 *
 * After each reconnect the rooms are joined again and what was missed is told, each message once and in order. What is sent
 * while the connection is away goes out when it is back. On a poor link typing is said less often; messages never are.
 */
export class RoomsClient implements ConnectionSource {
  /** How it comes back, and who is told. */
  readonly manager: ReconnectionManager;
  readonly #options: RoomsOptions;
  readonly #transport: RoomsTransport;
  readonly #clock: Pick<Platform, 'now' | 'setTimer' | 'wallClock'>;
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();
  readonly #joined = new Map<string, Joined>();
  readonly #thinning = new Thinning();
  /** The newest receipt of each room: told again after each reconnect, since it may have been lost on its way. */
  readonly #read = new Map<string, number>();
  readonly #detach: () => void;
  #rooms: readonly string[] = Object.freeze([]);

  /** @throws ConfigError names the option that cannot be used, its value, and what is accepted. */
  constructor(options: RoomsOptions) {
    const url = checkRooms(options);
    this.#options = options;
    this.manager = options.manager ?? new ReconnectionManager(options.reconnection ?? {}, options.logger);
    this.#clock = browserPlatform(options.platform);
    const { credentials, outbox, cursors, logger, platform } = options;
    const settings = { ...this.manager.settings, ...options.settings };
    const client = new EverlinkClient(url, {
      profile: 'rooms',
      dialect: 'everlink',
      settings,
      credentials,
      outbox,
      cursors,
      logger,
      platform,
    });
    this.#transport = new ChannelTransport(client);
    this.#detach = this.manager.attach(client, () => this.#clock.wallClock());
    this.#listen(client);
    if (options.autoConnect !== false) {
      this.connect();
    }
  }

  /** The connection under the rooms. */
  get client(): Client {
    return this.#transport.client;
  }

  /** Connects, and keeps the connection until {@link close}. */
  connect(): void {
    // What it would reject with is told by events.
    this.client.connect().catch(() => undefined);
  }

  /** Leaves everything for good. */
  async close(): Promise<void> {
    for (const room of [...this.#joined.keys()]) {
      this.leaveRoom(room);
    }
    this.#detach();
    await this.client.close();
  }

  /** Reads a room from now on, across every reconnect; what is sent there is told by events. Twice is harmless. */
  joinRoom(room: string): void {
    checkRoom(room);
    if (this.#joined.has(room)) {
      return;
    }
    const { messagesMax = MESSAGES_MAX, cursors, from = cursors === undefined ? 'now' : 'stored' } = this.#options;
    const emit = this.#emit.bind(this) as <K extends keyof RoomsEvents>(event: K, detail: RoomsEvents[K]) => void;
    const reading = new Room({ name: room, messagesMax, clock: this.#clock, emit });
    const handle = this.#transport.join(room, from, (item) => reading.take(item));
    this.#joined.set(room, { room: reading, handle });
    this.#roomsChanged();
  }

  leaveRoom(room: string): void {
    const joined = this.#joined.get(room);
    if (joined !== undefined) {
      joined.handle.leave();
      joined.room.close();
      this.#joined.delete(room);
      this.#read.delete(room);
      this.#roomsChanged();
    }
  }

  /** The rooms that are joined, in this order; the same list until it changes. */
  get rooms(): readonly string[] {
    return this.#rooms;
  }

  /**
   * Sends a text, or an object with fields of your own, to a room. The ticket tells what becomes of it; ignore it freely.
   */
  sendMessage(room: string, message: Payload, options?: SendOptions): Ticket {
    checkRoom(room);
    this.#thinning.forget(`${TYPING} ${room}`);
    return this.#transport.publish(room, outgoingPayload(message, this.#options.userId), options);
  }

  /**
   * Tells the others in a room that one is typing, as often as keys are hit: no more than is needed is said. Returns whether
   * something was.
   */
  sendTyping(room: string, typing = true): boolean {
    const kind = `${TYPING} ${room}`;
    if (typing && !this.#thinning.admit(kind, this.#clock.now(), this.getSnapshot())) {
      return false;
    }
    if (!typing) {
      this.#thinning.forget(kind);
    }
    return this.#say(room, TYPING, { typing, expires_in_ms: TYPING_EXPIRES_MS });
  }

  /** Tells that everything up to a message was read; while the connection is away, the newest waits for it. */
  markRead(room: string, sequence: number): void {
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      throw optionError('RoomsClient', 'sequence', sequence, 'the `sequence` of a message, from 1');
    }
    if (this.#joined.has(room) && sequence > (this.#read.get(room) ?? 0)) {
      this.#read.set(room, sequence);
      this.#tellRead(room);
    }
  }

  /** The newest messages of a room that is joined, in order; the same list until another comes. */
  getMessages(room: string): readonly RoomMessage[] {
    return this.#joined.get(room)?.room.messages ?? NO_MESSAGES;
  }

  /** Who is typing in a room that is joined. */
  getTyping(room: string): readonly string[] {
    return this.#joined.get(room)?.room.typing ?? [];
  }

  /** Up to where somebody has read in a room that is joined; 0 before that is known. */
  getRead(room: string, user: string): number {
    return this.#joined.get(room)?.room.read(user) ?? 0;
  }

  on<K extends keyof RoomsEvents>(event: K, listener: (detail: RoomsEvents[K]) => void): this {
    checkEvent(event);
    const listeners = this.#listeners.get(event) ?? new Set();
    listeners.add(listener as (detail: never) => void);
    this.#listeners.set(event, listeners);
    return this;
  }

  off<K extends keyof RoomsEvents>(event: K, listener: (detail: RoomsEvents[K]) => void): this {
    checkEvent(event);
    this.#listeners.get(event)?.delete(listener as (detail: never) => void);
    return this;
  }

  subscribe(listener: () => void): () => void {
    return this.client.subscribe(listener);
  }

  getSnapshot(): ConnectionSnapshot {
    return this.client.getSnapshot();
  }

  reconnect(): void {
    this.client.reconnect();
  }

  #listen(client: Client): void {
    client.addEventListener('statechange', ({ detail: { from, to } }) => {
      if (from === 'connected') {
        for (const { room } of this.#joined.values()) {
          room.lost();
        }
      }
      if (to === 'connected') {
        for (const room of this.#read.keys()) {
          this.#tellRead(room);
        }
      }
      this.#emit('statechange', { from, to });
    });
  }

  #tellRead(room: string): void {
    const sequence = this.#read.get(room);
    if (sequence !== undefined && this.getSnapshot().isConnected) {
      this.#say(room, READ, { sequence_number: sequence });
    }
  }

  #say(room: string, key: string, fields: { readonly [key: string]: number | boolean }): boolean {
    const { userId } = this.#options;
    const payload = userId === undefined ? fields : { ...fields, user_id: userId };
    return this.#joined.get(room)?.handle.volatile(key, payload) ?? false;
  }

  #roomsChanged(): void {
    this.#rooms = Object.freeze([...this.#joined.keys()]);
  }

  #emit<K extends keyof RoomsEvents>(event: K, detail: RoomsEvents[K]): void {
    const listeners = (this.#listeners.get(event) ?? []) as Iterable<(detail: RoomsEvents[K]) => void>;
    callEach(listeners, (error) => this.#options.logger?.error(`listener of ${event} failed`, { error }), detail);
  }
}

function checkEvent(event: string): void {
  if (!EVENTS.includes(event as keyof RoomsEvents)) {
    throw optionError('RoomsClient', 'event', event, EVENTS.join(', '));
  }
}

const EVENTS: readonly (keyof RoomsEvents)[] = [
  'messages',
  'message',
  'typing',
  'read',
  'presence',
  'volatile',
  'retained',
  'caughtUp',
  'gap',
  'refused',
  'statechange',
];

const NO_MESSAGES: readonly RoomMessage[] = Object.freeze([]);

/** Most messages that are kept of each room, if the options do not say. */
const MESSAGES_MAX = 500;
