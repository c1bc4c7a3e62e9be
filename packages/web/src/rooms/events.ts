/** What a {@link RoomsClient} tells. */

import type { ConnectionState } from '../engine/types.js';
import type { Payload } from '../api.js';
import type { RoomMessage } from './message.js';

export interface RoomsEvents {
  /** Messages of a room, in order, each once: many at once after an outage, else one. */
  messages: { readonly room: string; readonly messages: readonly RoomMessage[] };
  /** The same, one by one. */
  message: RoomMessage;
  /** Who is typing in a room has changed. */
  typing: { readonly room: string; readonly users: readonly string[] };
  /** Somebody has read up to a message; it only goes up. */
  read: { readonly room: string; readonly user: string; readonly sequence: number };
  /** Who is in a room: how many, and the names of those the server knows. */
  presence: { readonly room: string; readonly count: number; readonly members: readonly string[] };
  /** Any other value that is said now or never. */
  volatile: { readonly room: string; readonly key: string; readonly user: string | undefined; readonly payload: Payload };
  /** Any other last value, such as `status` of an AI worker; told again after each reconnect if it has changed. */
  retained: { readonly room: string; readonly key: string; readonly version: number; readonly payload: Payload };
  /** What was missed has been told, and live messages follow. */
  caughtUp: { readonly room: string };
  /** These messages of a room will not come. */
  gap: { readonly room: string; readonly from: number; readonly to: number; readonly cause: 'expired' | 'epoch' | 'slow' };
  /** The server does not let this client into a room. */
  refused: { readonly room: string; readonly code: number; readonly why: string };
  statechange: { readonly from: ConnectionState; readonly to: ConnectionState };
}
