/**
 * Words, and how values are made of them: the page's half of the numeric interface.
 *
 * The shapes themselves are in `generated/shapes.ts`, printed from the Rust types.
 */

/** Where a value is written to. */
export interface Sink {
  readonly words: number[];
  /** Keeps a payload, and returns its number. */
  keep(value: unknown): number;
}

/** Where a value is read from. */
export interface Source {
  readonly words: Float64Array;
  at: number;
  /** Returns the payload of a number. */
  value(handle: number): unknown;
}

/** How values of a type are written and read. `name` is what an error calls the value. */
export interface Shape {
  write(to: Sink, value: unknown, name: string): void;
  read(from: Source): unknown;
}

/** The fields of a record, in order. */
export type Fields = Readonly<Record<string, Shape>>;

type Bag = Record<string, unknown>;

/** A value that a shape does not take: a mistake of the caller. */
export function refused(name: string, value: unknown, accepted: string): RangeError {
  const shown = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return new RangeError(`\`${name}\` is ${shown}; accepted: ${accepted}`);
}

/** A whole number from 0 on. */
export function whole(max: number): Shape {
  return {
    write(to, value, name) {
      if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > max) {
        throw refused(name, value, `a whole number from 0 to ${max}`);
      }
      to.words.push(value as number);
    },
    read: next,
  };
}

/** Any number. */
export const fraction: Shape = {
  write(to, value, name) {
    if (!Number.isFinite(value)) {
      throw refused(name, value, 'a number');
    }
    to.words.push(value as number);
  },
  read: next,
};

/** A time in milliseconds. */
export const time: Shape = {
  write(to, value, name) {
    if (!Number.isFinite(value) || (value as number) < 0) {
      throw refused(name, value, 'milliseconds from 0 on');
    }
    to.words.push(value as number);
  },
  read: next,
};

/** Yes or no. */
export const flag: Shape = {
  write(to, value, name) {
    if (typeof value !== 'boolean') {
      throw refused(name, value, 'true or false');
    }
    to.words.push(Number(value));
  },
  read: (from) => next(from) === 1,
};

/** A value that the engine only carries. */
export const payload: Shape = {
  write: (to, value) => {
    to.words.push(to.keep(value));
  },
  read: (from) => from.value(next(from)),
};

/** Text in ASCII, which only the engine writes. */
export const text: Shape = {
  write(_, value, name) {
    throw refused(name, value, 'nothing');
  },
  read: (from) => String.fromCharCode(...times(next(from), () => next(from))),
};

/** One word of a few. */
export function word(...words: readonly string[]): Shape {
  return {
    write: (to, value, name) => {
      to.words.push(place(words, value, name));
    },
    read: (from) => known(words[next(from)]),
  };
}

/** A value, or `undefined`. */
export function option(shape: Shape): Shape {
  return {
    write(to, value, name) {
      to.words.push(value === undefined ? 0 : 1);
      if (value !== undefined) {
        shape.write(to, value, name);
      }
    },
    read: (from) => (next(from) === 0 ? undefined : shape.read(from)),
  };
}

/** So many values. */
export function list(shape: Shape): Shape {
  return {
    write(to, value, name) {
      if (!Array.isArray(value)) {
        throw refused(name, value, 'an array');
      }
      to.words.push(value.length);
      for (const one of value) {
        shape.write(to, one, name);
      }
    },
    read: (from) => times(next(from), () => shape.read(from)),
  };
}

/** An object with these fields. */
export function record(fields: Fields): Shape {
  return {
    write: (to, value, name) => writeFields(to, object(value, name), fields),
    read: (from) => readFields(from, {}, fields),
  };
}

/** An object whose `type` says which other fields it has. */
export function union(variants: Readonly<Record<string, Fields>>): Shape {
  const types = Object.keys(variants);
  return {
    write(to, value, name) {
      const { type } = object(value, name);
      to.words.push(place(types, type, `${name}.type`));
      writeFields(to, value as Bag, variants[type as string] as Fields);
    },
    read(from) {
      const type = known(types[next(from)]);
      return readFields(from, { type }, variants[type] as Fields);
    },
  };
}

function next(from: Source): number {
  return from.words[from.at++] as number;
}

function times<T>(count: number, make: () => T): T[] {
  const made: T[] = [];
  for (let index = 0; index < count; index++) {
    made.push(make());
  }
  return made;
}

function place(words: readonly string[], value: unknown, name: string): number {
  const at = words.indexOf(value as string);
  if (at < 0) {
    throw refused(name, value, words.join(', '));
  }
  return at;
}

function object(value: unknown, name: string): Bag {
  if (typeof value !== 'object' || value === null) {
    throw refused(name, value, 'an object');
  }
  return value as Bag;
}

/** The engine has a word that the table does not have: the two were not built together. */
function known(word: string | undefined): string {
  if (word === undefined) {
    throw new Error('the engine and its table were not built together');
  }
  return word;
}

function writeFields(to: Sink, value: Bag, fields: Fields): void {
  for (const name in fields) {
    fields[name]?.write(to, value[name], name);
  }
}

function readFields(from: Source, value: Bag, fields: Fields): Bag {
  for (const name in fields) {
    value[name] = fields[name]?.read(from);
  }
  return value;
}
