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
