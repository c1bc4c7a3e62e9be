/** Messages as they are: dialect `plain`, and `json`, whose heartbeats are messages too (C02, M04). */

import type { Payload } from '../api.js';
import type { Received, Transmit } from '../engine/types.js';

/** What goes out for a value in dialect `plain`: texts and bytes as they are, anything else as JSON. */
export function encodePlain(payload: Payload): string | Uint8Array {
  if (typeof payload === 'string') return payload;
  return encodeJson(payload);
}

/** What goes out for a value in dialect `json`: bytes as they are, anything else as JSON. */
export function encodeJson(payload: Payload): string | Uint8Array {
  if (payload instanceof Uint8Array) return payload.slice();
  const text: string | undefined = JSON.stringify(payload);
  if (text === undefined)
    throw new TypeError(`message: found ${typeof payload}; accepted: JSON or a Uint8Array`);
  return text;
}

/** Takes a message as it is. */
export function decodePlain(data: string | Uint8Array): Received<Payload> {
  return { type: 'message', payload: data };
}

/** Takes a message as JSON, `{"type":"ping"}` and `{"type":"pong"}` apart; what is not JSON stays text. */
export function decodeJson(data: string | Uint8Array): Received<Payload> {
  if (typeof data !== 'string') return decodePlain(data);
  let payload: Payload;
  try {
    payload = JSON.parse(data) as Payload;
  } catch {
    return decodePlain(data);
  }
  // Servers add a time or an id at most: a long message with such a type is one of the application.
  const type = data.length <= HEARTBEAT_LENGTH_MAX ? typeOf(payload) : undefined;
  if (type === 'ping') return { type: 'ping' };
  if (type === 'pong') return { type: 'pong', level: 'application' };
  return { type: 'message', payload };
}

/** Says a frame; `undefined` where the dialect has no words for it. */
export function encodeMessage(frame: Transmit<Payload>): string | Uint8Array | undefined {
  switch (frame.type) {
    case 'message':
      return frame.payload as string | Uint8Array;
    case 'ping':
    case 'pong':
      return `{"type":"${frame.type}"}`;
    default:
      return undefined;
  }
}

function typeOf(payload: Payload): unknown {
  return typeof payload === 'object' && payload !== null ? (payload as { type?: unknown }).type : undefined;
}

const HEARTBEAT_LENGTH_MAX = 256;
