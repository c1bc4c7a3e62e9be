/** Rooms, and the manager of their connection. */

export { RoomsClient } from './client.js';
export type { RoomsOptions } from './client-options.js';
export { type Environment, type EnvironmentOptions, fromEnvironment } from './environment.js';
export type { RoomsEvents } from './events.js';
export { getGlobalReconnectionManager, resetGlobalReconnectionManager } from './global.js';
export type { RoomMessage } from './message.js';
export type { ReconnectionOptions, ReconnectionSettings } from './options.js';
export {
  type ConnectionHealth,
  type ConnectionQuality,
  ReconnectionError,
  type ReconnectionEvents,
  ReconnectionManager,
} from './reconnection.js';
