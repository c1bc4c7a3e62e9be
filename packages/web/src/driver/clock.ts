/** The driver's clock, and whether the machine slept without it. */

import type { Platform } from '../api.js';

export class Clock {
  private last = 0;
  private ahead: number;

  constructor(private readonly platform: Platform) {
    this.ahead = platform.wallClock() - platform.now();
  }

  /** Returns milliseconds that never go back. */
  now(): number {
    this.last = Math.max(this.last, this.platform.now());
    return this.last;
  }

  /**
   * Returns whether the machine seems to have slept since this was last asked: the time of day moved on further than a
   * clock that stands still in sleep. Somebody who sets the time of day looks the same; a probe does no harm then. Where
   * the clock runs in sleep, the engine notices by timers that come late.
   */
  slept(): boolean {
    const ahead = this.platform.wallClock() - this.platform.now();
    const moved = ahead - this.ahead;
    this.ahead = ahead;
    return moved >= ASLEEP_MIN_MS;
  }
}

/** Shorter than this is no sleep: clocks are corrected by less. */
const ASLEEP_MIN_MS = 5000;
