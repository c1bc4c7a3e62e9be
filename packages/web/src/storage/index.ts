/** What survives a page. */

export { indexedDbCursors } from './cursors.js';
export type { StorageEnvironment } from './environment.js';
export { StorageError, type StorageFields, type StorageProblem } from './errors.js';
export type { OutboxLimits } from './limits.js';
export type { OfflineInput, OfflineMessage, Refused } from './offline-message.js';
export { type DrainResult, OfflineQueue, type OfflineQueueOptions } from './offline-queue.js';
export { OfflineRefusal, type OfflineSend, type RestOptions, restSend } from './offline-send.js';
export { indexedDbOutbox, type StorageOptions } from './outbox.js';
