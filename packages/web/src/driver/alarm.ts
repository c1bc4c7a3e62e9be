/** The driver's one timer. */

import type { Platform } from '../api.js';
import type { Clock } from './clock.js';

export class Alarm {
  private cancelTimer: (() => void) | undefined;
  private at = Infinity;

  constructor(
    private readonly platform: Platform,
    private readonly clock: Clock,
    private readonly ring: () => void,
  ) {}

  /** Rings at that time; it may ring earlier, and whoever is rung for looks again. */
  set(at: number): void {
    // One that fires early costs less than one that is set anew with each message.
    if (this.cancelTimer !== undefined && this.at <= at) return;
    this.cancel();
    this.at = at;
    this.cancelTimer = this.platform.setTimer(at, () => this.fired());
  }

  cancel(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.at = Infinity;
  }

  private fired(): void {
    const now = this.clock.now();
    const isLate = now - this.at > LATE_MS;
    this.cancel();
    if (!isLate) {
      this.ring();
      return;
    }
    // What came on a socket meanwhile stands in line behind us: it goes first.
    this.at = now;
    this.cancelTimer = this.platform.setTimer(now, () => {
      this.cancel();
      this.ring();
    });
  }
}

/** A timer that is later than that lets what came go first. */
const LATE_MS = 100;
