/** The messenger: one conversation over a socket that comes back, and a queue. */

export type { OutgoingMessage } from '../conversation/outgoing.js';
export type { Frame } from '../conversation/place.js';
export { type ConnectionMetrics, MessengerClient, MessengerClient as EnhancedWebSocketClient } from './client.js';
export { createWebSocketClient, getWebSocketClient } from './global.js';
export type { MessengerMessage } from './message-list.js';
export type { DroppedMessage, MessengerOptions, WsHandlers } from './options.js';
export { PersistError, type PersistedFields } from './persist.js';
export { WebSocketState } from './states.js';
