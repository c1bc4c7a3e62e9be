/** The six states in the messenger's words. */

import type { ConnectionState } from '../engine/types.js';

export const WebSocketState = {
  /** Before `connect()`, or after `disconnect()`. */
  CLOSED: 'CLOSED',
  /** The first attempt. */
  CONNECTING: 'CONNECTING',
  CONNECTED: 'CONNECTED',
  /** Lost, and not retrying yet. */
  DISCONNECTED: 'DISCONNECTED',
  /** From the first retry until it is back, or given up. */
  RECONNECTING: 'RECONNECTING',
  /** Given up. */
  ERROR: 'ERROR',
} as const;

export type WebSocketState = (typeof WebSocketState)[keyof typeof WebSocketState];

/** Says a state in the messenger's words. */
export function inWords(state: ConnectionState): WebSocketState {
  return state.toUpperCase() as WebSocketState;
}
