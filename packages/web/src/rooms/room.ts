/** One room that is joined: its messages in order, and what stands beside them. */

import type { ChannelItem, ChannelMessage, ChannelRetained, ChannelVolatile, Json, Payload, Platform } from '../api.js';
import type { RoomsEvents } from './events.js';
import { isObject, type RoomMessage, roomMessage } from './message.js';
import { TypingUsers } from './typing.js';

export interface RoomOptions {
  readonly name: string;
  /** Most messages that are kept for {@link Room.messages}. */
  readonly messagesMax: number;
  readonly clock: Pick<Platform, 'now' | 'setTimer'>;
  readonly emit: <K extends keyof RoomsEvents>(event: K, detail: RoomsEvents[K]) => void;
}

export class Room {
  readonly #options: RoomOptions;
  readonly #typing: TypingUsers;
  readonly #read = new Map<string, number>();
  #messages: readonly RoomMessage[] = Object.freeze([]);
  #batch: RoomMessage[] = [];
  /** Between a loss and the end of the replay: messages are told many at once. */
  #catchingUp = true;

  constructor(options: RoomOptions) {
    this.#options = options;
    const { name: room, clock, emit } = options;
    this.#typing = new TypingUsers(clock, (users) => emit('typing', { room, users }));
  }

  /** The newest messages, in order; the same list until another comes. */
  get messages(): readonly RoomMessage[] {
    return this.#messages;
  }

  /** Who is typing. */
  get typing(): readonly string[] {
    return this.#typing.users;
  }

  /** Up to where somebody has read; 0 before that is known. */
  read(user: string): number {
    return this.#read.get(user) ?? 0;
  }

  take(item: ChannelItem): void {
    switch (item.type) {
      case 'message':
        this.#message(item);
        return;
      case 'volatile':
        this.#volatile(item);
        return;
      case 'retained':
        this.#retained(item);
        return;
      case 'caughtUp':
        this.#catchingUp = false;
        this.#flush();
        this.#options.emit('caughtUp', { room: this.#options.name });
        return;
      case 'gap':
        this.#flush();
        this.#options.emit('gap', { room: this.#options.name, from: item.from, to: item.to, cause: item.cause });
        return;
      case 'refused':
        this.#options.emit('refused', { room: this.#options.name, code: item.code, why: item.why });
    }
  }

  /** The connection is lost: what came is told, what comes next is a replay, and who types is not known. */
  lost(): void {
    this.#flush();
    this.#catchingUp = true;
    this.#typing.clear();
  }

  /** No timer is left. */
  close(): void {
    this.#flush();
    this.#typing.clear();
  }

  #message(item: ChannelMessage): void {
    const message = roomMessage(item, this.#catchingUp);
    if (message.sender !== undefined) {
      this.#typing.stopped(message.sender);
    }
    this.#batch.push(message);
    if (!this.#catchingUp || this.#batch.length >= BATCH_MAX) {
      this.#flush();
    }
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) {
      return;
    }
    this.#batch = [];
    const { name: room, messagesMax, emit } = this.#options;
    const all = [...this.#messages, ...batch];
    this.#messages = Object.freeze(messagesMax === 0 ? [] : all.slice(-messagesMax));
    emit('messages', { room, messages: batch });
    for (const message of batch) {
      emit('message', message);
    }
  }

  #volatile(item: ChannelVolatile): void {
    const { name: room, emit } = this.#options;
    const fields = fieldsOf(item.payload);
    const user = item.user ?? text(fields['user_id']);
    if (item.key === TYPING && user !== undefined) {
      this.#typing.heard(user, fields['typing'] !== false, fields['expires_in_ms']);
    } else if (item.key === READ && user !== undefined) {
      this.#markRead(user, fields['sequence_number']);
    } else {
      emit('volatile', { room, key: item.key, user, payload: item.payload });
    }
  }

  #retained(item: ChannelRetained): void {
    const { name: room, emit } = this.#options;
    const fields = fieldsOf(item.payload);
    if (item.key === PRESENCE) {
      const { count, members } = fields;
      const names = Array.isArray(members) ? members.filter((member) => typeof member === 'string') : [];
      emit('presence', { room, count: typeof count === 'number' ? count : names.length, members: names });
    } else if (item.key.startsWith(READ_PREFIX)) {
      this.#markRead(item.key.slice(READ_PREFIX.length), fields['sequence_number']);
    } else {
      emit('retained', { room, key: item.key, version: item.version, payload: item.payload });
    }
  }

  /** It only goes up. */
  #markRead(user: string, sequence: Json | undefined): void {
    const before = this.#read.get(user);
    const isUp = typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence > (before ?? 0);
    if (!isUp || (before === undefined && this.#read.size >= READERS_MAX)) {
      return;
    }
    this.#read.set(user, sequence);
    this.#options.emit('read', { room: this.#options.name, user, sequence });
  }
}

function fieldsOf(payload: Payload): { readonly [key: string]: Json } {
  return isObject(payload) ? payload : {};
}

function text(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Kinds of values beside the log, as the server calls them. */
export const TYPING = 'typing';
export const READ = 'read';
const READ_PREFIX = 'read:';
const PRESENCE = 'presence';

/** Most messages of a replay that are told at once. */
export const BATCH_MAX = 256;

/** Most readers whose place is kept. */
const READERS_MAX = 1024;
