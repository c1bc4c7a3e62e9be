/** A compiled module from the streams that `build/streams.mjs` has taken it apart into. */

/** The streams. What follows an instruction is nothing (0), or one number of the stream that has this place. */
const DOUBLES = 1;
const TABLES = 2;
const OPCODES = 9;
const DECLARED = 10;
const BEFORE = 11;
const AFTER = 12;
const KNOWN = 13;

const END = 0x0b;
const SIZE_BYTES = 3;

/** Joins streams to a module. */
export function fromStreams(packed: Uint8Array): Uint8Array<ArrayBuffer> {
  const joiner = new Joiner(packed);
  joiner.bytes(BEFORE, joiner.lengths[BEFORE] as number);
  joiner.sized(() => {
    for (let left = joiner.number(DECLARED); left > 0; left--) {
      joiner.sized(() => {
        for (let left = joiner.number(DECLARED); left > 0; left--) {
          joiner.number(DECLARED);
          joiner.bytes(DECLARED, 1);
        }
        joiner.instructions();
      });
    }
  });
  joiner.bytes(AFTER, joiner.lengths[AFTER] as number);
  return joiner.module;
}

/** Reads streams side by side, and writes the module. */
class Joiner {
  module: Uint8Array<ArrayBuffer>;
  /** How long each stream is. */
  readonly lengths = [0];
  readonly #packed: Uint8Array;
  /** Where each stream goes on; the first one are the lengths. */
  readonly #places = [0];
  /** Where each instruction is described. */
  readonly #known: number[] = [];
  #end = 0;

  constructor(packed: Uint8Array) {
    this.#packed = packed;
    // The lengths are copied as everything else, and what they are copied to is thrown away.
    this.module = new Uint8Array(packed.length);
    const size = this.number(0);
    for (let stream = 1; stream <= KNOWN; stream++) {
      this.lengths.push(this.number(0));
    }
    this.module = new Uint8Array(size);
    this.#end = 0;
    for (let stream = 1, at = this.#places[0] as number; stream <= KNOWN; stream++) {
      this.#places.push(at);
      at += this.lengths[stream] as number;
    }
    for (let at = this.#places[KNOWN] as number; at < packed.length; at += 2 + (packed[at] as number)) {
      this.#known.push(at);
    }
  }

  /** Copies so many bytes of a stream. */
  bytes(stream: number, count: number): void {
    const at = this.#places[stream] as number;
    this.#places[stream] = at + count;
    this.module.set(this.#packed.subarray(at, at + count), this.#end);
    this.#end += count;
  }

  /** Copies a number, and returns it: each of its bytes but the last says that another follows. */
  number(stream: number): number {
    let at = this.#places[stream] as number;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#packed[at++] as number;
      this.module[this.#end++] = byte;
      value |= (byte & 127) << shift;
      if (byte < 128) {
        this.#places[stream] = at;
        return value;
      }
    }
  }

  /** Writes what has its length before it. */
  sized(write: () => void): void {
    const start = this.#end + SIZE_BYTES;
    this.#end = start;
    write();
    const size = this.#end - start;
    this.module.set([size | 128, (size >> 7) | 128, size >> 14], start - SIZE_BYTES);
  }

  /**
   * Writes instructions up to the end of the outermost block. A page waits for this before anything is optimised:
   * hence one loop that calls nothing for most of them.
   */
  instructions(): void {
    const [packed, module, places, known] = [this.#packed, this.module, this.#places, this.#known];
    let end = this.#end;
    for (let depth = 1; depth > 0; ) {
      const place = places[OPCODES] as number;
      places[OPCODES] = place + 1;
      let at = known[packed[place] as number] as number;
      let left = packed[at++] as number;
      const opcode = packed[at] as number;
      for (; left > 0; left--) {
        module[end++] = packed[at++] as number;
      }
      const follows = packed[at] as number;
      if (opcode === END) {
        depth--;
      } else if (opcode >= 0x02 && opcode <= 0x04) {
        // `block`, `loop` and `if`.
        depth++;
      } else if (follows > TABLES) {
        let at = places[follows] as number;
        let byte: number;
        do {
          byte = packed[at++] as number;
          module[end++] = byte;
        } while (byte > 127);
        places[follows] = at;
      } else if (follows > 0) {
        this.#end = end;
        this.#rare(follows);
        end = this.#end;
      }
    }
    this.#end = end;
  }

  /** A number with a fraction, or a table of branches, which says how many there are besides the last one. */
  #rare(follows: number): void {
    if (follows === DOUBLES) {
      this.bytes(DOUBLES, 8);
      return;
    }
    for (let left = this.number(TABLES); left >= 0; left--) {
      this.number(TABLES);
    }
  }
}
