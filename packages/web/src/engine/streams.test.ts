import { describe, expect, test } from 'vitest';
import { toStreams } from '../../build/streams.mjs';
import { fromStreams } from './streams.js';

/** A function of each instruction that is stored in its own way; it is never run. */
const BODY = [
  // Two groups of locals: 200 of i32 and one of f64.
  [2, 0xc8, 0x01, 0x7f, 1, 0x7c],
  // block, loop, if with a result, else, and branches.
  [0x02, 0x40, 0x03, 0x40, 0x20, 0, 0x04, 0x7f, 0x41, 0x7f, 0x05, 0x41, 0xc0, 0xbb, 0x78, 0x0b],
  [0x0d, 1, 0x0c, 0, 0x0b, 0x0b],
  // A table of branches to one block or the other.
  [0x02, 0x40, 0x02, 0x40, 0x20, 0xc7, 0x01, 0x0e, 2, 0, 1, 1, 0x0b, 0x0b],
  // Constants of 64 bits, and what is dropped.
  [0x42, 0x80, 0x80, 0x80, 0x80, 0x78, 0x1a, 0x44, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x21, 0xc8, 0x01],
  // Loads and stores with small and large offsets, without a hint of alignment.
  [0x41, 0, 0x41, 0, 0x28, 0, 0xac, 0x02, 0x36, 0, 4],
  // Globals, calls direct and by table, the size of memory, saturating conversion, copy and fill.
  [0x23, 0, 0x24, 0, 0x10, 0, 0x41, 0, 0x11, 0, 0, 0x3f, 0, 0x40, 0, 0x1a],
  [0x44, 0, 0, 0, 0, 0, 0, 0, 0x40, 0xfc, 3, 0x1a],
  [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 10, 0, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0, 0x0b],
].flat();

/** A length in three bytes, as it comes back. */
function sized(bytes: number[]): number[] {
  return [(bytes.length & 127) | 128, (bytes.length >> 7) | 128, 0, ...bytes];
}

function moduleOf(...bodies: number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // One type, so many functions of it, a table, a memory and a global that changes.
    ...[1, 4, 1, 0x60, 0, 0],
    ...[3, bodies.length + 1, bodies.length, ...bodies.map(() => 0)],
    ...[4, 4, 1, 0x70, 0, 1],
    ...[5, 3, 1, 0, 1],
    ...[6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b],
    ...[10, ...sized([bodies.length, ...bodies.flatMap(sized)])],
    // Data after the code.
    ...[11, 7, 1, 0, 0x41, 8, 0x0b, 1, 255],
  ]);
}

describe('a module as streams', () => {
  test('comes back as it was', () => {
    const module = moduleOf(BODY, [0, 0x0b], BODY);
    expect(WebAssembly.validate(module)).toBe(true);
    expect(fromStreams(toStreams(module))).toEqual(module);
  });

  test('has no hints of alignment', () => {
    const hinted = moduleOf([0, 0x41, 0, 0x28, 2, 8, 0x1a, 0x0b]);
    const plain = moduleOf([0, 0x41, 0, 0x28, 0, 8, 0x1a, 0x0b]);
    expect(WebAssembly.validate(hinted)).toBe(true);
    expect(fromStreams(toStreams(hinted))).toEqual(plain);
  });

  test('is refused at the build if it has an instruction that is not known', () => {
    expect(() => toStreams(moduleOf([0, 0xd2, 0, 0x1a, 0x0b]))).toThrow('instruction 210 is not known');
    expect(() => toStreams(moduleOf([0, 0xfc, 8, 0, 0, 0x0b]))).toThrow('instruction 252 8 is not known');
  });
});
