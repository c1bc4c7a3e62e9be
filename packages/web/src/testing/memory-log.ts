/** A channel's log in memory: appends each message once, by its origin. */

import type { Payload } from '../api.js';
import type { Stored } from '../codec/v1/frames.js';

export interface Published {
  readonly producer: string;
  readonly sequence: number;
  readonly before: number;
  readonly user: string | undefined;
  readonly at: number;
  readonly payload: Payload;
}

/** What became of a publish: stored now, stored before, or refused because one before it is missing. */
export type Appended =
  | { readonly type: 'stored'; readonly message: Stored }
  | { readonly type: 'known'; readonly sequence: number; readonly offset: number }
  | { readonly type: 'hole' };

export class MemoryLog {
  readonly messages: Stored[] = [];
  readonly retained = new Map<string, { version: number; payload: Payload }>();
  private readonly producers = new Map<string, { sequence: number; offset: number }>();

  constructor(
    /** Which life of the log this is. */
    readonly epoch: number,
    /** The offset before its first message: those up to it have expired. */
    private expired = 0,
  ) {}

  get head(): number {
    return this.expired + this.messages.length;
  }

  /** The first offset that is still there. */
  get first(): number {
    return this.expired + 1;
  }

  append(published: Published): Appended {
    const { producer, sequence, before, user, at, payload } = published;
    const known = this.producers.get(producer);
    if (known !== undefined && sequence <= known.sequence) return { type: 'known', ...known };
    if (known !== undefined && before > known.sequence) return { type: 'hole' };
    const offset = this.head + 1;
    const message: Stored = { offset, producer, sequence, ...(user !== undefined && { user }), at, payload };
    this.messages.push(message);
    this.producers.set(producer, { sequence, offset });
    return { type: 'stored', message };
  }

  /** Returns what is behind an offset, at most so many. */
  after(offset: number, limit = Infinity): Stored[] {
    const from = Math.max(0, offset - this.expired);
    return this.messages.slice(from, from + limit);
  }

  /** Forgets everything up to an offset. */
  expire(offset: number): void {
    const gone = Math.max(0, Math.min(offset - this.expired, this.messages.length));
    this.messages.splice(0, gone);
    this.expired += gone;
  }
}
