/** How many messages have come in rooms that are not open; every item is also handed to the books. */

import type { Channel, ChannelItem, Client } from '../../../src/api.js';
import { ROOMS, type Room } from './rooms.js';

export type Unread = Readonly<Record<Room['id'], number>>;

const NONE: Unread = Object.freeze({ 'general-chat': 0, 'ai-assistant': 0, 'support-chat': 0 });

/** Follows all rooms of the page. */
export class RoomNews {
  readonly #channels: Channel[];
  readonly #watchers = new Set<() => void>();
  #open: Room['id'];
  #unread: Unread = NONE;

  constructor(client: Pick<Client, 'channel'>, open: Room['id'], onItem: (item: ChannelItem) => void) {
    this.#open = open;
    this.#channels = ROOMS.map(({ id }) => {
      const channel = client.channel(id, { from: 'now' });
      channel.onItem((item) => {
        onItem(item);
        if (item.type === 'message' && !item.own && id !== this.#open) this.#set(id, this.#unread[id] + 1);
      });
      return channel;
    });
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly getSnapshot = (): Unread => this.#unread;

  opened(room: Room['id']): void {
    this.#open = room;
    this.#set(room, 0);
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }

  #set(room: Room['id'], count: number): void {
    if (this.#unread[room] === count) return;
    this.#unread = Object.freeze({ ...this.#unread, [room]: count });
    for (const watcher of this.#watchers) watcher();
  }
}
