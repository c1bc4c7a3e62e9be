/** A browser in virtual time, for tests of what uses a client. */

import type { Platform, PlatformSignal } from '../api.js';
import { VirtualNetwork } from './network.js';
import { VirtualTime } from './virtual-time.js';

export interface VirtualPlatform extends Platform {
  readonly time: VirtualTime;
  readonly network: VirtualNetwork;
  /** Lets virtual time pass. */
  advance(ms: number): Promise<void>;
  /** Lets virtual time pass until a condition holds; throws if it does not within `limitMs` (default: 10 minutes). */
  until(holds: () => boolean, limitMs?: number): Promise<void>;
  /** Tells what a page hears of itself and its network. */
  signal(signal: PlatformSignal): void;
  /** The machine sleeps. `clockStops` says whether `now` stands still meanwhile, as in some browsers. Default: true. */
  sleep(ms: number, clockStops?: boolean): void;
  /** Somebody sets the time of day. */
  setWallClock(byMs: number): void;
  /** How many listen to signals. */
  readonly listenerCount: number;
}

/** Makes a browser whose clock begins at 0. The same seed gives the same random numbers. */
export function virtualPlatform(seed = 1): VirtualPlatform {
  const time = new VirtualTime();
  const network = new VirtualNetwork(time);
  const listeners = new Set<(signal: PlatformSignal) => void>();
  let wall = WALL_START_MS;
  let state = seed >>> 0;
  let isOnline = true;
  return {
    time,
    network,
    now: () => time.now,
    wallClock: () => Math.floor(wall + time.now),
    setTimer: (at, run) => time.set(at, run),
    openSocket: network.openSocket,
    random: () => {
      // A linear congruential generator (Numerical Recipes): no secrecy is needed, only repetition.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state;
    },
    isOnline: () => isOnline,
    onSignal: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    advance: (ms) => time.advance(ms),
    until: (holds, limitMs) => time.until(holds, limitMs),
    signal: (signal) => {
      if (signal === 'online' || signal === 'offline') isOnline = signal === 'online';
      for (const listener of [...listeners]) listener(signal);
    },
    sleep: (ms, clockStops = true) => {
      if (clockStops) wall += ms;
      else time.skip(ms);
    },
    setWallClock: (byMs) => {
      wall += byMs;
    },
    get listenerCount() {
      return listeners.size;
    },
  };
}

/** A day in 2026. */
const WALL_START_MS = 1_780_000_000_000;
