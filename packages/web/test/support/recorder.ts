/** What was told, and a way to wait for it. */
export class Recorder<T> {
  readonly all: T[] = [];
  readonly #waiting = new Set<() => void>();

  readonly push = (item: T): void => {
    this.all.push(item);
    for (const look of [...this.#waiting]) {
      look();
    }
  };

  /** Waits until what was told is enough. Throws after `limitMs`. */
  until(isEnough: (all: readonly T[]) => boolean, limitMs = 20_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        this.#waiting.delete(look);
        reject(
          new Error(
            `not told within ${limitMs} ms: ${isEnough}; told: ${JSON.stringify(this.all.slice(-20))}`,
          ),
        );
      }, limitMs);
      const look = () => {
        if (isEnough(this.all)) {
          clearTimeout(limit);
          this.#waiting.delete(look);
          resolve();
        }
      };
      this.#waiting.add(look);
      look();
    });
  }
}
