/** The words of the components of a connection. Every one can be replaced. */

import type { ConnectionError } from '../../api.js';
import type { Quality } from '../../engine/types.js';
import { STATE_TEXTS, type StateTexts } from '../connection/words.js';

/** What is said of a connection. */
export interface ConnectionTexts extends StateTexts {
  readonly qualities: Readonly<Record<Quality, string>>;
  readonly errors: Readonly<Record<ConnectionError['kind'], (error: ConnectionError) => string>>;
  /** Messages that wait to be sent; told only if there are any. */
  readonly queued: (count: number) => string;
  readonly restored: string;
  readonly reconnectNow: string;
  readonly tryAgain: string;
  readonly latency: string;
  readonly reconnects: string;
  readonly waiting: string;
  readonly connectedFor: string;
  readonly quality: string;
}

export const CONNECTION_TEXTS: ConnectionTexts = {
  ...STATE_TEXTS,
  qualities: { excellent: 'Excellent', good: 'Good', poor: 'Poor', unusable: 'Unusable' },
  errors: {
    connection_error: () => 'The server cannot be reached. Trying again.',
    connection_lost: () => 'The connection was lost. It will be back by itself.',
    server_error: (error) => `The server refused: ${error.message}`,
    gave_up: () => 'No further attempt is made by itself.',
  },
  queued: (count) => (count === 1 ? '1 message waits to be sent.' : `${count} messages wait to be sent.`),
  restored: 'Connected again',
  reconnectNow: 'Reconnect now',
  tryAgain: 'Try again',
  latency: 'Latency',
  reconnects: 'Reconnects',
  waiting: 'Waiting to be sent',
  connectedFor: 'Connected for',
  quality: 'Connection quality',
};
