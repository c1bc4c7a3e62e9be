/** What rooms need from below: all that another transport (Socket.IO) has to give. */

import type { ChannelItem, Client, Payload, SendOptions, Start, Ticket } from '../api.js';

/** Carries rooms over one connection. */
export interface RoomsTransport {
  readonly client: Client;
  /** Reads a room, across every reconnect, until it is left. `onItem` gets every item once, in order. */
  join(room: string, from: Start, onItem: (item: ChannelItem) => void): RoomHandle;
  /** Sends a message to a room, joined or not: stored once, in order. */
  publish(room: string, payload: Payload, options?: SendOptions): Ticket;
}

/** A room that is joined. */
export interface RoomHandle {
  /** Says something now or not at all. Returns whether it is on its way. */
  volatile(key: string, payload: Payload): boolean;
  leave(): void;
}

/** Rooms as channels of `everlink.v1`: the server's log keeps what is missed. */
export class ChannelTransport implements RoomsTransport {
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  join(room: string, from: Start, onItem: (item: ChannelItem) => void): RoomHandle {
    const channel = this.client.channel(room, { from });
    const stop = channel.onItem(onItem);
    return {
      volatile: (key, payload) => channel.volatile(key, payload),
      leave: () => {
        stop();
        channel.close();
      },
    };
  }

  publish(room: string, payload: Payload, options?: SendOptions): Ticket {
    return this.client.publish(room, payload, options);
  }
}
