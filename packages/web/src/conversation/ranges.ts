/** Numbers that were seen, as ranges: a conversation without holes is one range, however long it gets. */
export class SequenceRanges {
  /** Disjoint, ascending, and never adjacent. */
  #ranges: { from: number; to: number }[] = [];

  has(number: number): boolean {
    const range = this.#ranges[this.#place(number)];
    return range !== undefined && range.from <= number;
  }

  /** Adds a number; returns whether it is new. */
  add(number: number): boolean {
    const isNew = !this.has(number);
    if (isNew) {
      this.#insert(this.#place(number), number);
      this.#bound();
    }
    return isNew;
  }

  /** Forgets all. */
  clear(): void {
    this.#ranges = [];
  }

  /** How many ranges there are: one more than there are holes. */
  get size(): number {
    return this.#ranges.length;
  }

  /** Finds the first range that does not end before a number. */
  #place(number: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const range = this.#ranges[middle];
      if (range !== undefined && range.to < number) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  #insert(at: number, number: number): void {
    const before = this.#ranges[at - 1];
    const after = this.#ranges[at];
    const follows = before !== undefined && before.to + 1 === number;
    const precedes = after !== undefined && after.from - 1 === number;
    if (follows && precedes) {
      before.to = after.to;
      this.#ranges.splice(at, 1);
    } else if (follows) {
      before.to = number;
    } else if (precedes) {
      after.from = number;
    } else {
      this.#ranges.splice(at, 0, { from: number, to: number });
    }
  }

  /** With too many holes the oldest is taken for seen: what would fill it is no longer waited for. */
  #bound(): void {
    const [first, second] = this.#ranges;
    if (this.#ranges.length > RANGES_MAX && first !== undefined && second !== undefined) {
      this.#ranges.splice(0, 2, { from: first.from, to: second.to });
    }
  }
}

/** Most ranges that are kept. */
export const RANGES_MAX = 1024;
