/** The compiled engine in memory, and the words that cross to it. */

import { EngineFault } from './errors.js';

/** What the compiled engine exports; `crates/everlink-wasm` says what each does. */
export interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  scratch(words: number): number;
  create(words: number): number;
  free(engine: number): number;
  input(engine: number, now: number, words: number): number;
  output(engine: number): number;
  timeout(engine: number): number;
  info(engine: number, now: number): number;
  state(engine: number): number;
  cursor(engine: number, channel: number): number;
  overlaps(engine: number): number;
}

/** The scratch says why. */
export const REFUSED = -3;

/** There are as many engines as there can be. */
export const FULL = -4;

/** One instance of the compiled engine, which holds all engines of a page. */
export class Host {
  readonly #exports: Exports;
  #words = new Float64Array();
  #fault: unknown;

  constructor(load: () => Exports) {
    this.#exports = load();
  }

  /** Whether a call has trapped: the memory cannot be trusted any more. */
  get isBroken(): boolean {
    return this.#fault !== undefined;
  }

  /** Calls the engine. A trap is told as an error, now and at every later call. */
  call(act: (exports: Exports) => number): number {
    if (this.#fault !== undefined) {
      throw new EngineFault('the engine has broken before', { cause: this.#fault });
    }
    try {
      return act(this.#exports);
    } catch (fault) {
      this.#fault = fault ?? true;
      throw new EngineFault(`the engine broke: ${fault}`, { cause: fault });
    }
  }

  /** Puts words where the engine reads them; returns how many. */
  put(words: readonly number[]): number {
    this.#reserve(words.length).set(words);
    return words.length;
  }

  /** Returns where the engine has put so many words. */
  take(words: number): Float64Array {
    return this.#reserve(words);
  }

  /** The place moves when it grows, and the buffer is another one when the memory has grown. */
  #reserve(words: number): Float64Array {
    const { memory } = this.#exports;
    if (words > this.#words.length || this.#words.buffer !== memory.buffer) {
      const size = Math.max(words, this.#words.length, WORDS_MIN);
      const at = this.call((exports) => exports.scratch(size));
      if (at < 0) {
        throw new RangeError(`an input has ${words} words; accepted: up to 1048576`);
      }
      this.#words = new Float64Array(memory.buffer, at, size);
    }
    return this.#words;
  }
}

/** Room for everything but lists. */
const WORDS_MIN = 256;
