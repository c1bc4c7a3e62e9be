/** How a connection looks that there is not, or not yet. */

import type { ConnectionSnapshot } from './api.js';

export function closedSnapshot(url: string): ConnectionSnapshot {
  return Object.freeze<ConnectionSnapshot>({
    state: 'closed',
    isConnected: false,
    isReconnecting: false,
    attempts: 0,
    nextAttemptAt: undefined,
    connectedSince: undefined,
    reconnects: 0,
    queuedMessages: 0,
    latencyMs: undefined,
    quality: 'unusable',
    guarantee: 'bestEffort',
    lastError: undefined,
    url,
    tab: 'own',
  });
}
