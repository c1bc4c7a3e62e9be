/** The client of one conversation of plain JSON: its frames read, its place in the URL of each attempt. */

import type { Client, ClientOptions, Json, Payload, Platform, SocketLike } from '../api.js';
import { EverlinkClient } from '../client/client.js';
import { browserPlatform } from '../platform/index.js';
import { urlAt } from './endpoint.js';
import type { ConversationPlace, Frame } from './place.js';

export interface ConversationOptions extends ClientOptions {
  readonly url: string;
  /** How many messages are told first while there is no place yet; undefined: as the server likes. */
  readonly replay?: number | undefined;
  /** How far the conversation was read; kept up to date. */
  readonly place: ConversationPlace;
  /** Whether each attempt says in its URL where to go on. */
  readonly resume: boolean;
  /** Told of each attempt, with its URL. */
  readonly onDial?: ((url: string) => void) | undefined;
}

/** What a conversation tells. */
export interface ConversationHandlers {
  /** The server attached us; it is one of ours. */
  onReady(frame: Frame): void;
  /** A message of ours was stored. */
  onAck(frame: Frame): void;
  /** A message, told once; or any other frame. */
  onFrame(frame: Frame): void;
}

/** Makes the client of a conversation. It dials when it is told to connect. */
export function conversationClient(options: ConversationOptions, handlers: ConversationHandlers): Client {
  const { url, place, replay, resume, onDial, platform, ...rest } = options;
  const base = browserPlatform(platform);
  const dial: Platform['openSocket'] = (at, protocols): SocketLike => {
    const dialed = resume ? urlAt(at, place.get(), replay) : at;
    onDial?.(dialed);
    return base.openSocket(dialed, protocols);
  };
  const client = new EverlinkClient(url, { ...rest, platform: { ...platform, openSocket: dial } });
  client.addEventListener('message', (event) => {
    const frame = readFrame(event.detail.data);
    if (frame !== undefined) {
      route(frame, place, handlers);
    }
  });
  return client;
}

function route(frame: Frame, place: ConversationPlace, handlers: ConversationHandlers): void {
  switch (frame['type']) {
    case 'ready':
      place.ready(frame);
      handlers.onReady(frame);
      return;
    case 'ack':
      handlers.onAck(frame);
      return;
    case 'gap':
      place.gap(frame);
      handlers.onFrame(frame);
      return;
    default:
      if (!hasName(frame) || place.take(frame)) {
        handlers.onFrame(frame);
      }
  }
}

/** Whether it is a message of the log: it has a number or a name by which a copy is known. */
function hasName(frame: Frame): boolean {
  const { type } = frame;
  const isMessage = type === undefined || type === 'message' || type === 'chat_message' || type === 'chat_reply';
  return isMessage && (frame['sequence_number'] !== undefined || frame['id'] !== undefined);
}

/** Reads what came; what is no object of JSON is nobody's message here. */
function readFrame(data: Payload): Frame | undefined {
  let value: Json | Uint8Array = data;
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value) as Json;
    } catch {
      return undefined;
    }
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  return isObject ? (value as Frame) : undefined;
}
