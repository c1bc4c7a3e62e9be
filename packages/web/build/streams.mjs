// A compiled module as streams: what is alike stands together, so that a compressor finds it.
//
// In a module opcodes, numbers of locals, offsets and constants take turns, and what Brotli has learnt of the one is of
// no use for the other. Here all opcodes are one stream and all offsets another: a tenth less after Brotli. Hints of
// alignment are left out: they change no result. `src/engine/streams.ts` joins the streams again, and has the same table.
//
// First come the length of the module and of each stream, then the streams. An opcode is its place in the table of
// instructions, the most frequent first; each of them is a length, so many bytes, and what follows them.

/** The streams. What follows an instruction is nothing (0), or one number of the stream that has this place. */
const [
  NOTHING,
  DOUBLES,
  TABLES,
  LOCALS,
  OFFSETS,
  INTS,
  LONGS,
  CALLS,
  BRANCHES,
  OPCODES,
  DECLARED,
  BEFORE,
  AFTER,
  KNOWN,
] = Array(14).keys();

/** What follows an opcode (WebAssembly Core, section 5.4), where that is more than nothing. */
const OPERANDS = new Map([
  [0x0c, BRANCHES],
  [0x0d, BRANCHES],
  [0x0e, TABLES],
  [0x10, CALLS],
  [0x20, LOCALS],
  [0x21, LOCALS],
  [0x22, LOCALS],
  [0x41, INTS],
  [0x42, LONGS],
  [0x44, DOUBLES],
]);

/** What is seldom, or has few values, is taken for a part of the opcode: so many numbers of it. */
const PART = new Map([
  [0x02, 1],
  [0x03, 1],
  [0x04, 1],
  [0x11, 2],
  [0x23, 1],
  [0x24, 1],
  [0x3f, 1],
  [0x40, 1],
]);

/** The same for what follows 0xfc: saturating conversions, `memory.copy` and `memory.fill`. */
const EXTENDED = new Map([...[0, 1, 2, 3, 4, 5, 6, 7].map((at) => [at, 0]), [10, 2], [11, 1]]);

const CODE_SECTION = 10;
const MAGIC_AND_VERSION = 8;
const SIZE_BYTES = 3;

/** Takes a module apart. */
export function toStreams(module) {
  const streams = Array.from({ length: KNOWN + 1 }, () => []);
  const from = reader(module);
  streams[BEFORE].push(...from.bytes(MAGIC_AND_VERSION));
  const found = [];
  let rest = BEFORE;
  // Lengths of code are written in three bytes each.
  let size = module.length;
  while (!from.isAtEnd()) {
    const [id] = from.bytes(1);
    const length = from.leb();
    streams[rest].push(id);
    if (id !== CODE_SECTION) {
      streams[rest].push(...length, ...from.bytes(number(length)));
      continue;
    }
    size += SIZE_BYTES - length.length;
    const functions = from.leb();
    streams[DECLARED].push(...functions);
    for (let left = number(functions); left > 0; left--) {
      size += SIZE_BYTES - takeApart(from, streams, found);
    }
    rest = AFTER;
  }
  nameByFrequency(streams, found);
  const header = [size, ...streams.slice(1).map(({ length }) => length)];
  return Uint8Array.from(header.flatMap(leb).concat(...streams));
}

/** One function: its locals, then its instructions. Returns how many bytes its length has. */
function takeApart(from, streams, found) {
  const length = from.leb();
  const end = from.at() + number(length);
  const groups = from.leb();
  streams[DECLARED].push(...groups);
  for (let left = number(groups); left > 0; left--) {
    streams[DECLARED].push(...from.leb(), ...from.bytes(1));
  }
  while (from.at() < end) {
    const { bytes, follows } = instruction(from);
    found.push([bytes.length, ...bytes, follows].join());
    if (follows === DOUBLES) {
      streams[DOUBLES].push(...from.bytes(8));
    } else if (follows === TABLES) {
      const count = from.leb();
      streams[TABLES].push(...count);
      for (let left = number(count); left >= 0; left--) {
        streams[TABLES].push(...from.leb());
      }
    } else if (follows !== NOTHING) {
      streams[follows].push(...from.leb());
    }
  }
  return length.length;
}

/** Reads an opcode and what is taken for a part of it. */
function instruction(from) {
  const [opcode] = from.bytes(1);
  if (opcode >= 0x28 && opcode <= 0x3e) {
    from.leb();
    return { bytes: [opcode, 0], follows: OFFSETS };
  }
  const bytes = [opcode];
  let parts = PART.get(opcode) ?? 0;
  if (opcode === 0xfc) {
    const [extension] = from.bytes(1);
    bytes.push(extension);
    parts = EXTENDED.get(extension);
  }
  if (parts === undefined || !isKnown(opcode)) {
    throw new Error(
      `instruction ${bytes.join(' ')} is not known here; accepted: what build/streams.mjs lists`,
    );
  }
  for (; parts > 0; parts--) {
    bytes.push(...from.leb());
  }
  return { bytes, follows: OPERANDS.get(opcode) ?? NOTHING };
}

/** Everything of the first WebAssembly, extensions of signs, and what begins with 0xfc. */
function isKnown(opcode) {
  const isBare = opcode <= 0x01 || opcode === 0x05 || opcode === 0x0b || opcode === 0x0f;
  const isPlain = opcode === 0x1a || opcode === 0x1b || (opcode >= 0x45 && opcode <= 0xc4);
  return isBare || isPlain || opcode === 0xfc || PART.has(opcode) || OPERANDS.has(opcode);
}

/** Makes the table of instructions, and of each instruction found its place. */
function nameByFrequency(streams, found) {
  const counts = new Map();
  for (const one of found) {
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  const known = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  if (known.length > 256) {
    throw new Error(`there are ${known.length} instructions; accepted: up to 256`);
  }
  const places = new Map(known.map((one, place) => [one, place]));
  streams[OPCODES] = found.map((one) => places.get(one));
  streams[KNOWN] = known.flatMap((one) => one.split(',').map(Number));
}

function reader(module) {
  let at = 0;
  const bytes = (count) => {
    at += count;
    return module.subarray(at - count, at);
  };
  /** The bytes of a number, signed or not. */
  const leb = () => {
    let end = at;
    while (module[end] >= 128) {
      end++;
    }
    return bytes(end + 1 - at);
  };
  return { at: () => at, isAtEnd: () => at >= module.length, bytes, leb };
}

function number(bytes) {
  return bytes.reduceRight((high, byte) => high * 128 + (byte & 127), 0);
}

function leb(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}
