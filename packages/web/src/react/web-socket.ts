/** `useWebSocket`: rooms in one hook (R03). */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Channel, ChannelMessage, Client, Payload, Ticket } from '../api.js';
import type { ConnectionState, Quality } from '../engine/types.js';
import { type ClientOrUrl, useClientAt } from './client-at.js';
import { useConnection } from './connection/hook.js';
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
export function useWebSocket<T extends Payload = Payload>(options: WebSocketHookOptions = {}): WebSocketHook<T> {
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
  useRooms(socket, rooms, took);
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
      if (newest.current.enableConnectionQuality !== false) newest.current.onConnectionQualityChange?.(event.detail.to);
    };
    socket?.addEventListener('reconnected', reconnected);
    socket?.addEventListener('qualitychange', changed);
    return () => {
      socket?.removeEventListener('reconnected', reconnected);
      socket?.removeEventListener('qualitychange', changed);
    };
  }, [socket]);
}

interface Reading {
  readonly channel: Channel;
  readonly stop: () => void;
}

/** Keeps one reader for each room: a room that stays is not left and joined because another one came. */
function useRooms<T extends Payload>(
  socket: Client | undefined,
  rooms: readonly string[],
  took: (message: RoomMessage<T>) => void,
): void {
  const open = useRef(new Map<string, Reading>());
  const newest = useRef(took);
  useEffect(() => {
    newest.current = took;
  }, [took]);
  useEffect(() => {
    if (socket === undefined) return;
    for (const [room, reading] of open.current) {
      if (!rooms.includes(room)) leave(open.current, room, reading);
    }
    for (const room of rooms) {
      if (open.current.has(room)) continue;
      const channel = socket.channel<T>(room, { from: 'now' });
      const stop = channel.onItem((item) => {
        if (item.type === 'message') newest.current(roomMessage(room, item));
      });
      open.current.set(room, { channel, stop });
    }
  }, [socket, rooms]);
  useEffect(() => {
    const readings = open.current;
    return () => {
      for (const [room, reading] of readings) leave(readings, room, reading);
    };
  }, [socket]);
}

function leave(readings: Map<string, Reading>, room: string, { channel, stop }: Reading): void {
  stop();
  channel.close();
  readings.delete(room);
}

function roomMessage<T extends Payload>(room: string, message: ChannelMessage<T>): RoomMessage<T> {
  const { id, user, at, own, payload } = message;
  return { room, id, user, at, own, payload };
}

const LIMIT = 500;
