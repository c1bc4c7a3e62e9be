/** A WebSocket connection that comes back: the client, and a socket that can stand where `WebSocket` stood. */

export type * from './api.js';
export { EverlinkClient } from './client/client.js';
export { ConnectionFailure } from './client/failure.js';
export { HistoryError } from './client/history.js';
export { ConfigError, EngineError, EngineFault } from './engine/index.js';
export type {
  Cause,
  Causes,
  ConnectionInfo,
  ConnectionState,
  Cursor,
  DialectName,
  GapCause,
  Guarantee,
  Profile,
  Quality,
  Settings,
  Verdict,
  VerdictOverride,
} from './engine/types.js';
export { browserPlatform } from './platform/index.js';
export { EverlinkSocket, type SocketOptions } from './socket/socket.js';
export {
  type DrainResult,
  indexedDbCursors,
  indexedDbOutbox,
  type OfflineInput,
  type OfflineMessage,
  OfflineQueue,
  type OfflineQueueOptions,
  OfflineRefusal,
  type OfflineSend,
  type OutboxLimits,
  type Refused,
  type RestOptions,
  restSend,
  type StorageEnvironment,
  StorageError,
  type StorageFields,
  type StorageOptions,
  type StorageProblem,
} from './storage/index.js';
export { createSharedClient, type SharedOptions } from './tabs/index.js';
