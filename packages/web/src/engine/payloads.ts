/** The values that an engine names by number. */

/**
 * Keeps payloads for as long as the engine can name them: one that was sent until its fate is told, one
 * that came until it is delivered, or dropped, which shows once everything is carried out.
 */
export class Payloads {
  readonly #values = new Map<number, unknown>();
  /** The payloads of messages that were sent, by the message's number. */
  readonly #sent = new Map<number, number>();
  /** Payloads that came and may still be delivered. */
  readonly #came = new Set<number>();
  /** What was taken in for the input that is being written. */
  #fresh: number[] = [];
  /** Ranges of messages whose fate was told. */
  #told: [first: number, last: number][] = [];
  #last = 0;

  /** How many values are kept. */
  get size(): number {
    return this.#values.size;
  }

  /** Keeps a value of the input that is being written. */
  keep(value: unknown): number {
    do {
      this.#last = (this.#last + 1) >>> 0;
    } while (this.#values.has(this.#last));
    this.#values.set(this.#last, value);
    this.#fresh.push(this.#last);
    return this.#last;
  }

  /** The engine took the input. */
  taken(message: number | undefined): void {
    for (const handle of this.#fresh) {
      if (message === undefined) {
        this.#came.add(handle);
      } else {
        this.#sent.set(message, handle);
      }
    }
    this.#fresh = [];
  }

  /** The input was not taken: nothing of it is left. */
  refused(): void {
    for (const handle of this.#fresh) {
      this.#values.delete(handle);
    }
    this.#fresh = [];
  }

  /** Returns a value that the engine names; one that came is delivered once. */
  value(handle: number): unknown {
    if (!this.#values.has(handle)) {
      throw new Error(`the engine names payload ${handle}, which it had given back`);
    }
    const value = this.#values.get(handle);
    if (this.#came.delete(handle)) {
      this.#values.delete(handle);
    }
    return value;
  }

  /** The fate of messages was told; the engine may name them until its outputs are drained. */
  settled(first: number, last: number): void {
    this.#told.push([first, last]);
  }

  /** Every output is carried out. */
  drained(holds: () => boolean): void {
    for (const [first, last] of this.#told) {
      this.#forget(first, last);
    }
    this.#told = [];
    if (this.#came.size > 0 && !holds()) {
      for (const handle of this.#came) {
        this.#values.delete(handle);
      }
      this.#came.clear();
    }
  }

  /** Nothing is kept any more: the engine is gone. */
  clear(): void {
    this.#values.clear();
    this.#sent.clear();
    this.#came.clear();
  }

  /** A range can be far longer than what is kept. */
  #forget(first: number, last: number): void {
    if (last - first < this.#sent.size) {
      for (let message = first; message <= last; message++) {
        this.#drop(message);
      }
      return;
    }
    for (const message of this.#sent.keys()) {
      if (message >= first && message <= last) {
        this.#drop(message);
      }
    }
  }

  #drop(message: number): void {
    const handle = this.#sent.get(message);
    if (handle !== undefined) {
      this.#sent.delete(message);
      this.#values.delete(handle);
    }
  }
}
