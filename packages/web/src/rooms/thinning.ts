/** What is said now or never gives way first where the link is poor. */

import type { ConnectionSnapshot } from '../api.js';
import type { Quality } from '../engine/types.js';

export class Thinning {
  readonly #last = new Map<string, number>();

  /**
   * Whether something of this kind may be said now: on a good link once a second, on a poor one once in four, and on one
   * that is hardly there not at all. Those who read it forget it after five seconds.
   */
  admit(kind: string, now: number, { quality, latencyMs }: Pick<ConnectionSnapshot, 'quality' | 'latencyMs'>): boolean {
    // Before the first answer to a heartbeat nothing is known against the link.
    const pauseMs = latencyMs === undefined ? PAUSE_MS.good : PAUSE_MS[quality];
    const last = this.#last.get(kind);
    if (pauseMs === undefined || (last !== undefined && now - last < pauseMs)) {
      return false;
    }
    if (this.#last.size >= KINDS_MAX && last === undefined) {
      this.#last.clear();
    }
    this.#last.set(kind, now);
    return true;
  }

  /** The next of this kind is news again. */
  forget(kind: string): void {
    this.#last.delete(kind);
  }
}

const PAUSE_MS: Partial<Record<Quality, number>> = { excellent: 1000, good: 1000, poor: 4000 };

/** Most kinds that are remembered. */
const KINDS_MAX = 1024;
