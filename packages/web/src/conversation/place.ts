/**
 * How far a conversation was read, and what of it was seen: what goes into the URL of each attempt, so that the
 * server goes on from there, and what tells a copy from a message.
 */

import { SequenceRanges } from './ranges.js';

/** A frame of plain JSON, read. */
export type Frame = Readonly<Record<string, unknown>>;

/** Where to go on. */
export interface Place {
  readonly epoch: number | undefined;
  /** The last sequence number that was read. */
  readonly after: number;
}

export class ConversationPlace {
  #epoch: number | undefined;
  #after: number | undefined;
  readonly #seen = new SequenceRanges();
  readonly #ids = new Set<string>();

  /** Returns where to go on; undefined before anything is known. */
  get(): Place | undefined {
    return this.#after === undefined ? undefined : { epoch: this.#epoch, after: this.#after };
  }

  /** Takes in that the server attached us (`ready`): which life of the log it is, and how much of it will be told. */
  ready(frame: Frame): void {
    const { epoch, sequence_number: head, replay } = frame;
    if (!isNumber(epoch) || !isNumber(head)) {
      return;
    }
    if (this.#after === undefined || this.#epoch !== epoch) {
      this.#begin(epoch, Math.max(0, head - (isNumber(replay) ? replay : 0)));
    }
  }

  /** Takes in that a range will not come (`gap`). */
  gap(frame: Frame): void {
    const { to, epoch } = frame;
    if (!isNumber(to)) {
      return;
    }
    if (isNumber(epoch) && epoch !== this.#epoch) {
      this.#begin(epoch, to);
    } else {
      this.#after = Math.max(this.#after ?? 0, to);
    }
  }

  /**
   * Takes in a message; returns whether it is new. A copy is known by its `id` or its `sequence_number`, whichever it
   * has: after the log began a new life, the same message may come under another number.
   */
  take(message: Frame): boolean {
    const { id, sequence_number: sequence } = message;
    const hasNumber = isNumber(sequence) && sequence > 0;
    const hasName = typeof id === 'string' && id !== '';
    if (hasNumber) {
      this.#after = Math.max(this.#after ?? 0, sequence);
    }
    if ((hasNumber && this.#seen.has(sequence)) || (hasName && this.#ids.has(id))) {
      return false;
    }
    if (hasNumber) {
      this.#seen.add(sequence);
    }
    if (hasName) {
      this.#remember(id);
    }
    return true;
  }

  #begin(epoch: number, after: number): void {
    this.#epoch = epoch;
    this.#after = after;
    this.#seen.clear();
  }

  #remember(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size > IDS_MAX) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest);
        break;
      }
    }
  }
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Most names of messages that are remembered: far more than can be sent again after a new life of the log. */
const IDS_MAX = 4096;
