/** Messages of rooms as pages show them. */

import type { ChannelMessage, Json, Payload } from '../api.js';

export interface RoomMessage {
  readonly room: string;
  /** Names the message for good. */
  readonly id: string;
  /** Its place in the room. */
  readonly sequence: number;
  readonly epoch: number;
  /** Who sent it: as the server knows, else as the message says. */
  readonly sender: string | undefined;
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number;
  /** Its text, by whichever name its sender gave it; undefined where there is none. */
  readonly text: string | undefined;
  readonly payload: Payload;
  /** Whether this client sent it. */
  readonly own: boolean;
  /** An answer of a responder. */
  readonly isReply: boolean;
  /** Whether it was missed, or stored before the room was joined. */
  readonly replayed: boolean;
}

export function roomMessage(message: ChannelMessage, replayed: boolean): RoomMessage {
  const { channel, id, offset, epoch, user, at, payload, own } = message;
  const fields = isObject(payload) ? payload : undefined;
  const claimed = fields?.['sender_id'];
  return Object.freeze({
    room: channel,
    id,
    sequence: offset,
    epoch,
    sender: user ?? (typeof claimed === 'string' ? claimed : undefined),
    at,
    text: typeof payload === 'string' ? payload : textOf(fields),
    payload,
    own,
    isReply: fields?.['role'] === 'assistant',
    replayed: replayed || message.replayed,
  });
}

/** What is published for a text or an object; the server's other endpoints know these fields. */
export function outgoingPayload(message: Payload, sender: string | undefined): Payload {
  const fields = typeof message === 'string' ? { plaintext: message } : message;
  return sender !== undefined && isObject(fields) ? { sender_id: sender, ...fields } : fields;
}

export function isObject(value: Payload): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function textOf(fields: { readonly [key: string]: Json } | undefined): string | undefined {
  const found = TEXT_FIELDS.map((name) => fields?.[name]).find((value) => typeof value === 'string');
  return found as string | undefined;
}

/** Where senders put their text, in the order in which it is looked for. */
const TEXT_FIELDS = ['plaintext', 'message', 'text', 'content'];
