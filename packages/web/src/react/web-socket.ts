/** `useWebSocket`: rooms in one hook (R03). */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ChannelMessage, Client, Payload, Ticket } from '../api.js';
import type { ConnectionState, Quality } from '../engine/types.js';
import { type ClientOrUrl, useClientAt } from './client-at.js';
import { useConnection } from './connection/hook.js';
import { useOpened } from './holding.js';
import { NO_SOURCE } from './source.js';

export interface WebSocketHookOptions extends ClientOrUrl {
  /** Whether the quality of the connection is followed; without, it causes no renders. Default: true. */
  readonly enableConnectionQuality?: boolean;
  /** Rooms to join at once. Read once. */
  readonly rooms?: readonly string[];
  /** Most messages kept; the oldest leave first. Default: 500. */
  readonly limit?: number;
  /** The connection is back, after this many attempts. */
  readonly onReconnect?: (attemptNumber: number) => void;
  readonly onConnectionQualityChange?: (quality: Quality) => void;
}

/** A message of a room. */
export interface RoomMessage<T extends Payload = Payload> {
  readonly room: string;
  readonly id: string;
  readonly user: string | undefined;
  readonly at: number;
  readonly own: boolean;
  readonly payload: T;
}

export interface WebSocketHook<T extends Payload = Payload> {
  /** The client; `undefined` on a server, and while it is loaded. */
  readonly socket: Client | undefined;
  readonly connectionState: ConnectionState;
  /** `undefined` without `enableConnectionQuality`. */
  readonly connectionQuality: Quality | undefined;
  /** The rooms that were joined, in this order. They are rejoined after each reconnect, and what was missed comes. */
  readonly rooms: readonly string[];
  /** What came in all rooms, each message once, in the order of each room. */
  readonly messages: readonly RoomMessage<T>[];
  joinRoom(room: string): void;
  leaveRoom(room: string): void;
  /**
   * Sends to a room, joined or not; it waits while the connection is down.
   *
   * @throws Error while there is no client yet.
   */
  sendMessage(room: string, message: T): Ticket;
  reconnect(): void;
}

/** Connects, joins rooms, and collects their messages while the component is mounted. */
export function useWebSocket<T extends Payload = Payload>(
  options: WebSocketHookOptions = {},
): WebSocketHook<T> {
  const { enableConnectionQuality = true, limit = LIMIT } = options;
  const socket = useClientAt(options);
  const source = socket ?? NO_SOURCE;
  const connectionState = useConnection((snapshot) => snapshot.state, source);
  const connectionQuality = useConnection(
    (snapshot) => (enableConnectionQuality ? snapshot.quality : undefined),
    source,
  );
  useClientEvents(socket, options);
  const [rooms, setRooms] = useState<readonly string[]>(options.rooms ?? []);
  const [messages, setMessages] = useState<readonly RoomMessage<T>[]>([]);
  const took = useCallback(
    (message: RoomMessage<T>) => setMessages((all) => [...all, message].slice(-limit)),
    [limit],
  );
  const readers = useMemo(() => socket && new RoomReaders<T>(socket, took), [socket, took]);
  useOpened(readers);
  useEffect(() => readers?.read(rooms), [readers, rooms]);
  const actions = useMemo(
    () => ({
      joinRoom: (room: string) => setRooms((all) => (all.includes(room) ? all : [...all, room])),
      leaveRoom: (room: string) => setRooms((all) => all.filter((other) => other !== room)),
      sendMessage(room: string, message: T): Ticket {
        if (socket === undefined) throw new Error('useWebSocket: there is no client yet to send with');
        return socket.publish(room, message);
      },
      reconnect: () => socket?.reconnect(),
    }),
    [socket],
  );
  return { socket, connectionState, connectionQuality, rooms, messages, ...actions };
}

/** Calls the newest listeners, without registering them anew at each render. */
function useClientEvents(socket: Client | undefined, options: WebSocketHookOptions): void {
  const newest = useRef(options);
  useEffect(() => {
    newest.current = options;
  });
  useEffect(() => {
    const reconnected = (event: CustomEvent<{ attempts: number }>) =>
      newest.current.onReconnect?.(event.detail.attempts);
    const changed = (event: CustomEvent<{ to: Quality }>) => {
      if (newest.current.enableConnectionQuality !== false)
        newest.current.onConnectionQualityChange?.(event.detail.to);
    };
    socket?.addEventListener('reconnected', reconnected);
    socket?.addEventListener('qualitychange', changed);
    return () => {
      socket?.removeEventListener('reconnected', reconnected);
      socket?.removeEventListener('qualitychange', changed);
    };
  }, [socket]);
}

/** One reader for each room: a room that stays is not left and joined because another one came. */
class RoomReaders<T extends Payload> {
  readonly #socket: Client;
  readonly #took: (message: RoomMessage<T>) => void;
  readonly #open = new Map<string, () => void>();
  #rooms: readonly string[] = [];
  #isOpen = false;

  constructor(socket: Client, took: (message: RoomMessage<T>) => void) {
    this.#socket = socket;
    this.#took = took;
  }

  open(): void {
    this.#isOpen = true;
    this.read(this.#rooms);
  }

  close(): void {
    this.#isOpen = false;
    for (const room of this.#open.keys()) this.#leave(room);
  }

  /** Reads these rooms, and no others. */
  read(rooms: readonly string[]): void {
    this.#rooms = rooms;
    if (!this.#isOpen) return;
    for (const room of this.#open.keys()) if (!rooms.includes(room)) this.#leave(room);
    for (const room of rooms) if (!this.#open.has(room)) this.#join(room);
  }

  #join(room: string): void {
    const channel = this.#socket.channel<T>(room, { from: 'now' });
    const stop = channel.onItem((item) => {
      if (item.type === 'message') this.#took(roomMessage(room, item));
    });
    this.#open.set(room, () => {
      stop();
      channel.close();
    });
  }

  #leave(room: string): void {
    this.#open.get(room)?.();
    this.#open.delete(room);
  }
}

function roomMessage<T extends Payload>(room: string, message: ChannelMessage<T>): RoomMessage<T> {
  const { id, user, at, own, payload } = message;
  return { room, id, user, at, own, payload };
}

const LIMIT = 500;
