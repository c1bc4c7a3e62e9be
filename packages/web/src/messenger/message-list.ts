/** The messages of a conversation, in the order of their numbers, each once, and the newest of them. */

import type { Frame } from '../conversation/place.js';

/** A message with its place. */
export interface MessengerMessage extends Frame {
  readonly id: string;
  readonly sequence_number: number;
}

export class MessageList {
  readonly #max: number;
  /** Numbers from before the log began a new life count for nothing after it: those messages stay in front. */
  #settled: readonly MessengerMessage[] = [];
  #current: readonly MessengerMessage[] = [];
  #all: readonly MessengerMessage[] | undefined;
  #epoch: unknown;

  constructor(max: number) {
    this.#max = max;
  }

  /** The same list until there is another message. */
  get all(): readonly MessengerMessage[] {
    this.#all ??= Object.freeze([...this.#settled, ...this.#current]);
    return this.#all;
  }

  /** The server told which life of the log it tells from here on. */
  begin(epoch: unknown): void {
    if (this.#epoch !== undefined && epoch !== this.#epoch) {
      this.#settled = [...this.#settled, ...this.#current];
      this.#current = [];
    }
    this.#epoch = epoch;
  }

  /** Puts a message into its place, unless one with its `id` or `sequence_number` is there. */
  add(frame: Frame): void {
    if (!isMessage(frame) || this.#has(frame)) {
      return;
    }
    const at = this.#current.findLastIndex((other) => other.sequence_number < frame.sequence_number) + 1;
    this.#current = [...this.#current.slice(0, at), frame, ...this.#current.slice(at)];
    const surplus = this.#settled.length + this.#current.length - this.#max;
    if (surplus > 0) {
      const settled = Math.min(surplus, this.#settled.length);
      this.#settled = this.#settled.slice(settled);
      this.#current = this.#current.slice(surplus - settled);
    }
    this.#all = undefined;
  }

  #has({ id, sequence_number }: MessengerMessage): boolean {
    return (
      this.#current.some((other) => other.id === id || other.sequence_number === sequence_number) ||
      this.#settled.some((other) => other.id === id)
    );
  }
}

function isMessage(frame: Frame): frame is MessengerMessage {
  return typeof frame['id'] === 'string' && Number.isSafeInteger(frame['sequence_number']);
}
