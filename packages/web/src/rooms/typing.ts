/** Who is typing: until they stop, or do not say it again in time. */

import type { Json, Platform } from '../api.js';

export class TypingUsers {
  readonly #clock: Pick<Platform, 'now' | 'setTimer'>;
  readonly #changed: (users: readonly string[]) => void;
  readonly #timers = new Map<string, () => void>();

  constructor(clock: Pick<Platform, 'now' | 'setTimer'>, changed: (users: readonly string[]) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get users(): readonly string[] {
    return [...this.#timers.keys()];
  }

  heard(user: string, typing: boolean, expiresInMs: Json | undefined): void {
    if (!typing) {
      this.stopped(user);
      return;
    }
    const before = this.#timers.get(user);
    if (before === undefined && this.#timers.size >= USERS_MAX) {
      return;
    }
    before?.();
    const asked = typeof expiresInMs === 'number' ? expiresInMs : TYPING_EXPIRES_MS;
    const wait = Math.min(Math.max(asked, 0), EXPIRES_MAX_MS);
    this.#timers.set(
      user,
      this.#clock.setTimer(this.#clock.now() + wait, () => this.stopped(user)),
    );
    if (before === undefined) {
      this.#changed(this.users);
    }
  }

  stopped(user: string): void {
    const timer = this.#timers.get(user);
    if (timer !== undefined) {
      timer();
      this.#timers.delete(user);
      this.#changed(this.users);
    }
  }

  clear(): void {
    if (this.#timers.size > 0) {
      for (const stop of this.#timers.values()) {
        stop();
      }
      this.#timers.clear();
      this.#changed(this.users);
    }
  }
}

/** How long somebody counts as typing who does not say so again. */
export const TYPING_EXPIRES_MS = 5000;

const EXPIRES_MAX_MS = 30_000;

/** Most that are followed in a room. */
const USERS_MAX = 50;
