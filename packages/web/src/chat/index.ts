/** The chat page: its messages and its AI worker's status, each over a socket that comes back. */

export type { OutgoingMessage } from '../conversation/outgoing.js';
export type { Frame } from '../conversation/place.js';
export { ChatWebSocketManager } from './chat.js';
export { type InstalledManagers, installGlobals, type ManagerGlobals } from './globals.js';
export { type ManagerMessage, type MessageListener, WebSocketManager } from './manager.js';
export type { ChatWebSocketOptions, StatusWebSocketOptions, WebSocketManagerOptions } from './options.js';
export { type StatusListener, StatusWebSocketManager } from './status.js';
