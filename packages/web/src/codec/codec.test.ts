/** What the vectors do not show of the codecs. */

import { describe, expect, it } from 'vitest';
import { virtualPlatform } from '../testing.js';
import { fromBase64, toBase64 } from './base64.js';
import { decodeJson, encodeJson, encodePlain } from './plain.js';
import { isLonger, isWellFormed, utf8Length } from './text.js';
import { decodeReply } from './v1/decode.js';
import { isDeeper } from './v1/scan.js';

const MAX = 1_000_000;

/** Returns what a frame means, or what is wrong with it. */
function outcome(text: string): unknown {
  try {
    return decodeReply(text, MAX);
  } catch (error) {
    return (error as { problem: string }).problem;
  }
}

describe('the quick way of the codec', () => {
  it('means the same as the long way, for sound frames and broken ones', () => {
    const { random } = virtualPlatform(7);
    const frame =
      '{"t":"msg","c":"room/1","o":42,"ep":4,"p":"p-1~u7","s":3,"id":"m-81","u":"u7","at":1795000000000,"d":{"text":"hi [","n":[1,{"d":2}]}}';
    const alphabet = [
      '"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '0',
      '1',
      '\\',
      ' ',
      'd',
      'e',
      '.',
      '-',
      't',
      'ü',
      '\u0001',
      '\n',
      '"d":1,',
      ',"x":"AA=="',
    ];
    let sound = 0;
    for (let round = 0; round < 20_000; round += 1) {
      let text = frame;
      for (let edit = random() % 3; edit >= 0; edit -= 1) {
        const at = random() % text.length;
        const with_ = alphabet[random() % alphabet.length] as string;
        text = text.slice(0, at) + (random() % 3 === 0 ? '' : with_) + text.slice(at + (random() % 2));
      }
      const quick = outcome(text);
      // A space in front is no business of a parser's, and takes the long way.
      expect(outcome(` ${text}`), text).toEqual(quick);
      if (typeof quick !== 'string') sound += 1;
    }
    expect(sound).toBeGreaterThan(500);
  });

  it('takes no payload that is nested too deep', () => {
    const nested = (depth: number) =>
      `{"t":"msg","c":"a","o":1,"p":"p","s":1,"at":0,"d":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(outcome(nested(64))).toMatchObject({ type: 'message' });
    expect(outcome(nested(65))).toBe('too_deep');
    expect(outcome(nested(100_000))).toBe('too_deep');
  });

  it('nothing that comes throws anything but a FrameError', () => {
    const { random } = virtualPlatform(9);
    const parts = [
      '{"t":"',
      'msg',
      'page',
      '"',
      ',"msgs":[',
      '{',
      '}',
      ']',
      '"o":1',
      'null',
      '\\u0000',
      '"__proto__":1',
      ':',
      ',',
      '1e9',
      '"constructor"',
    ];
    for (let round = 0; round < 20_000; round += 1) {
      let text = '';
      for (let part = random() % 12; part >= 0; part -= 1) text += parts[random() % parts.length] as string;
      const found = outcome(text);
      expect(found).toBeDefined();
    }
    expect(outcome('{"t":"__proto__"}')).toBe('unknown_frame');
    expect(outcome('{"t":"constructor"}')).toBe('unknown_frame');
    expect(outcome('{"t":"pong","n":1,"constructor":2,"__proto__":3}')).toEqual({ type: 'pong', nonce: 1 });
  });
});

describe('texts and bytes', () => {
  it('are measured in UTF-8', () => {
    for (const text of ['', 'a', 'ü', '会', '🦀', 'a🦀ü会', '\ud800', '\udc00a', '\ud800\ud800']) {
      expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      expect(isLonger(text, utf8Length(text))).toBe(false);
      if (text !== '') expect(isLonger(text, utf8Length(text) - 1)).toBe(true);
    }
    expect(isWellFormed('a🦀')).toBe(true);
    expect(isWellFormed('\udc00')).toBe(false);
  });

  it('base64 is there and back for every length, and nothing else is taken', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 37 + length) & 255);
      expect(fromBase64(toBase64(bytes))).toEqual(bytes);
    }
    const large = new Uint8Array(1_000_000).fill(7);
    expect(Buffer.compare(fromBase64(toBase64(large)) ?? large.subarray(1), large)).toBe(0);
    for (const text of [
      'A',
      'AA',
      'AAA',
      'AB==',
      'AAB=',
      '====',
      'A===',
      'AA==AA==',
      'AA A',
      ' AAAA',
      'AAA\n',
      '_-8=',
    ]) {
      expect(fromBase64(text)).toBeUndefined();
    }
  });

  it('nesting is seen through strings', () => {
    expect(isDeeper(`"${'['.repeat(500)}"`, 64)).toBe(false);
    expect(isDeeper(`["\\"${'['.repeat(500)}"]`, 64)).toBe(false);
    expect(isDeeper(`${'[{"a":'.repeat(33)}1${'}]'.repeat(33)}`, 64)).toBe(true);
  });
});

describe('dialects plain and json', () => {
  it('a heartbeat is one only where it is short and an object', () => {
    expect(decodeJson('{"type":"ping","at":1}')).toEqual({ type: 'ping' });
    expect(decodeJson('{"type":"pong"}')).toEqual({ type: 'pong', level: 'application' });
    expect(decodeJson('"ping"')).toEqual({ type: 'message', payload: 'ping' });
    expect(decodeJson('[{"type":"ping"}]')).toEqual({ type: 'message', payload: [{ type: 'ping' }] });
    expect(decodeJson(`{"type":"ping","pad":"${'x'.repeat(300)}"}`)).toMatchObject({ type: 'message' });
    expect(decodeJson('no JSON')).toEqual({ type: 'message', payload: 'no JSON' });
    expect(decodeJson(new Uint8Array([1]))).toEqual({ type: 'message', payload: new Uint8Array([1]) });
  });

  it('what goes out is a text as it is, or JSON', () => {
    expect(encodePlain('a')).toBe('a');
    expect(encodeJson('a')).toBe('"a"');
    expect(encodePlain([1])).toBe('[1]');
    expect(() => encodeJson(undefined as never)).toThrow(/accepted/);
  });
});
