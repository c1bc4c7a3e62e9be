/** Who is typing, and telling others that one is. */

import type { Json, Payload } from '../../api.js';
import { fieldsOf, text } from './payload.js';

/** The kind under which typing is told beside the log. */
export const TYPING = 'typing';

/** Keeps who types: until they say that they stopped, or say nothing more for a while. */
export class Typists {
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #told: (users: readonly string[]) => void;

  constructor(told: (users: readonly string[]) => void) {
    this.#told = told;
  }

  /** Takes what was told under the kind {@link TYPING}. */
  heard(user: string | undefined, payload: Payload): void {
    const fields = fieldsOf(payload);
    const who = user ?? text(fields.user_id) ?? text(fields.sender_id) ?? '';
    if (fields.typing === false || payload === false) this.stopped(who);
    else this.#began(who, fields.expires_in_ms);
  }

  /** Somebody has stopped, or has sent what he typed. */
  stopped(user: string | undefined): void {
    const timer = this.#timers.get(user ?? '');
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(user ?? '');
    this.#tell();
  }

  /** Nobody types: the connection is lost, and with it what we could know. */
  clear(): void {
    if (this.#timers.size === 0) return;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#tell();
  }

  #began(who: string, expires: Json | undefined): void {
    const known = this.#timers.get(who);
    if (known === undefined && this.#timers.size >= TYPISTS_MAX) return;
    clearTimeout(known);
    const wait = typeof expires === 'number' ? Math.min(Math.max(expires, 0), EXPIRES_MAX_MS) : EXPIRES_MS;
    const timer = setTimeout(() => this.stopped(who), wait);
    this.#timers.set(who, timer);
    if (known === undefined) this.#tell();
  }

  #tell(): void {
    this.#told([...this.#timers.keys()]);
  }
}

/** Tells others that this user types: at most once in half the time for which that holds. */
export class OwnTyping {
  #toldAt = Number.NEGATIVE_INFINITY;
  readonly #say: (payload: Json) => boolean;

  constructor(say: (payload: Json) => boolean) {
    this.#say = say;
  }

  set(typing: boolean, user: string | undefined): void {
    const now = Date.now();
    const isTold = now - this.#toldAt < EXPIRES_MS / 2;
    if (typing ? isTold : now - this.#toldAt > EXPIRES_MS) return;
    const told = this.#say({
      typing,
      expires_in_ms: EXPIRES_MS,
      ...(user !== undefined && { user_id: user }),
    });
    this.#toldAt = typing && told ? now : Number.NEGATIVE_INFINITY;
  }
}

const EXPIRES_MS = 5000;
const EXPIRES_MAX_MS = 30_000;
const TYPISTS_MAX = 50;
