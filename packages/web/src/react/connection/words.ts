/** States, qualities, times and errors in words. Every word can be replaced. */

import type { ConnectionError } from '../../api.js';
import type { ConnectionState, Quality } from '../../engine/types.js';

/** What is said of a connection. */
export interface ConnectionTexts {
  readonly states: Readonly<Record<ConnectionState, string>>;
  readonly qualities: Readonly<Record<Quality, string>>;
  /** A state that has lasted: `Connected (45s)`. */
  readonly lasting: (state: string, duration: string) => string;
  /** For at least this long, in the largest unit that fits. */
  readonly duration: (value: number, unit: 's' | 'm' | 'h' | 'd') => string;
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
  states: {
    closed: 'Not connected',
    connecting: 'Connecting…',
    connected: 'Connected',
    disconnected: 'Disconnected',
    reconnecting: 'Reconnecting…',
    error: 'Could not reconnect',
  },
  qualities: { excellent: 'Excellent', good: 'Good', poor: 'Poor', unusable: 'Unusable' },
  lasting: (state, duration) => `${state} (${duration})`,
  duration: (value, unit) => `${value}${unit}`,
  errors: {
    connection_error: () => 'The server cannot be reached. Trying again.',
    connection_lost: () => 'The connection was lost. It will be back by itself.',
    server_error: (error) => `The server refused: ${error.message}`,
    gave_up: () => 'No further attempt is made by itself.',
  },
  queued: (count) => (count === 1 ? '1 message will be sent then.' : `${count} messages will be sent then.`),
  restored: 'Connected again',
  reconnectNow: 'Reconnect now',
  tryAgain: 'Try again',
  latency: 'Latency',
  reconnects: 'Reconnects',
  waiting: 'Waiting to be sent',
  connectedFor: 'Connected for',
  quality: 'Connection quality',
};

/** Says how long in words that change seldom: `45s`, `12m`, `3h`, `2d`. */
export function durationText(ms: number, texts: ConnectionTexts = CONNECTION_TEXTS): string {
  const [unit, unitMs] = unitOf(ms);
  return texts.duration(Math.floor(ms / unitMs), unit);
}

/** After how many milliseconds {@link durationText} says something else. */
export function durationChangeMs(ms: number): number {
  const [, unitMs] = unitOf(ms);
  return unitMs - (ms % unitMs);
}

/** Says a state, and how long it has stood if that is known. */
export function stateText(
  state: ConnectionState,
  connectedForMs: number | undefined,
  texts: ConnectionTexts = CONNECTION_TEXTS,
): string {
  const word = texts.states[state];
  if (state !== 'connected' || connectedForMs === undefined) return word;
  return texts.lasting(word, durationText(connectedForMs, texts));
}

function unitOf(ms: number): readonly ['s' | 'm' | 'h' | 'd', number] {
  if (ms < MINUTE_MS) return ['s', 1000];
  if (ms < HOUR_MS) return ['m', MINUTE_MS];
  return ms < DAY_MS ? ['h', HOUR_MS] : ['d', DAY_MS];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
