import { describe, expect, test } from 'vitest';
import { toText } from '../../build/bytes.mjs';
import { fromText } from './text.js';

describe('bytes as text', () => {
  test('come back as they were', () => {
    const all = Uint8Array.from({ length: 1024 }, (_, at) => (at * 7) & 255);
    expect(fromText(toText(all))).toEqual(all);
    expect(fromText('')).toEqual(new Uint8Array());
  });

  test('are ASCII that needs no care in a string', () => {
    expect(toText(Uint8Array.from({ length: 256 }, (_, at) => at))).toMatch(/^[ !#%&(-[\]-_a-~]+$/);
  });
});
