/** States and times in words. */

import type { ConnectionState } from '../../engine/types.js';

/** How a connection is called, and since when. */
export interface StateTexts {
  readonly states: Readonly<Record<ConnectionState, string>>;
  /** A state that has lasted: `Connected (45s)`. */
  readonly lasting: (state: string, duration: string) => string;
  /** For at least this long, in the largest unit that fits. */
  readonly duration: (value: number, unit: 's' | 'm' | 'h' | 'd') => string;
}

export const STATE_TEXTS: StateTexts = {
  states: {
    closed: 'Not connected',
    connecting: 'Connecting…',
    connected: 'Connected',
    disconnected: 'Disconnected',
    reconnecting: 'Reconnecting…',
    error: 'Could not reconnect',
  },
  lasting: (state, duration) => `${state} (${duration})`,
  duration: (value, unit) => `${value}${unit}`,
};

/** Says how long in words that change seldom: `45s`, `12m`, `3h`, `2d`. */
export function durationText(ms: number, texts: StateTexts = STATE_TEXTS): string {
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
  texts: StateTexts = STATE_TEXTS,
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
