/** Names and the numbers by which the engine knows them. */

import { isLonger, isWellFormed } from '../codec/text.js';
import { ConfigError } from '../engine/index.js';

/** Names that this side uses; a number is never used again. */
export class Names {
  private readonly ids = new Map<string, number>();
  private readonly names: string[] = [];

  constructor(
    /** What they name, for errors. */
    private readonly what: string,
    private readonly bytesMax: number,
    private readonly first = 0,
  ) {}

  /** Returns the number of a name, a new one if it is new; a name that cannot be used throws. */
  register(name: string): number {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    if (typeof name !== 'string' || name === '' || isLonger(name, this.bytesMax) || !isWellFormed(name)) {
      const found = typeof name === 'string' ? JSON.stringify(name.slice(0, 40)) : typeof name;
      throw new ConfigError(
        this.what,
        `${this.what}: found ${found}; accepted: a text of 1 to ${this.bytesMax} bytes`,
      );
    }
    if (this.names.length >= NAMES_USED_MAX) {
      throw new ConfigError(
        this.what,
        `${this.what}: ${NAMES_USED_MAX} were used already, the most there can be`,
      );
    }
    const id = this.first + this.names.length;
    this.names.push(name);
    this.ids.set(name, id);
    return id;
  }

  /** Returns the number of a name that is in use. */
  id(name: string): number | undefined {
    return this.ids.get(name);
  }

  /** Returns the name of a number. */
  name(id: number): string | undefined {
    return this.names[id - this.first];
  }
}

/**
 * Names that a server says, numbered from 1: bounded, whatever comes. One that was not said for long is forgotten, and
 * gets another number when it is said again: then a copy of an old message of his may not be known as one.
 */
export class HeardNames {
  private recent = new Map<string, number>();
  private older = new Map<string, number>();
  private last = 0;

  number(name: string): number {
    const known = this.recent.get(name);
    if (known !== undefined) return known;
    let id = this.older.get(name);
    if (id === undefined) {
      this.last = (this.last % ID_MAX) + 1;
      id = this.last;
    }
    if (this.recent.size >= NAMES_HEARD_MAX / 2) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(name, id);
    return id;
  }
}

/** Returns a name that nobody else has. */
export function randomName(random: () => number): string {
  let name = '';
  for (let word = 0; word < 4; word += 1) name += (random() >>> 0).toString(16).padStart(8, '0');
  return name;
}

/** Most names of one kind that a client can use in its life. */
const NAMES_USED_MAX = 1_048_576;

/** Most names that are remembered of what a server says. */
const NAMES_HEARD_MAX = 65_536;

const ID_MAX = 2 ** 32 - 1;
