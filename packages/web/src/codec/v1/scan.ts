/**
 * A look at JSON text that `JSON.parse` has found sound: it sees what the parser hides, which is keys that stand
 * twice and the form of numbers.
 */

import { FrameError } from '../error.js';

/** A text and a place in it. */
export interface Scan {
  readonly text: string;
  at: number;
}

/** Returns the first character of the value that stands next. */
export function peek(scan: Scan): string {
  while (' \t\n\r'.includes(scan.text[scan.at] ?? '!')) scan.at += 1;
  return scan.text[scan.at] ?? '';
}

/** Reads a text. */
export function readText(scan: Scan): string {
  expect(scan, '"', 'a text');
  const from = scan.at;
  skipText(scan);
  const raw = scan.text.slice(from, scan.at);
  return raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
}

/** Calls `each` for each key of an object, with the scan before its value, which it must read. */
export function readObject(scan: Scan, each: (key: string) => void): void {
  expect(scan, '{', 'an object');
  scan.at += 1;
  const keys = new Set<string>();
  while (peek(scan) !== '}') {
    if (scan.text[scan.at] === ',') {
      scan.at += 1;
      peek(scan);
    }
    const key = readText(scan);
    if (keys.has(key)) throw new FrameError('duplicate', 'a key that stands twice').at(excerpt(key));
    keys.add(key);
    if (keys.size > FIELDS_MAX) throw new FrameError('too_many_fields', `accepted: at most ${FIELDS_MAX}`);
    peek(scan);
    scan.at += 1;
    peek(scan);
    each(key);
  }
  scan.at += 1;
}

/** Calls `each` for each value of a list, which it must read. */
export function readList(scan: Scan, each: () => void): void {
  expect(scan, '[', 'a list');
  scan.at += 1;
  while (peek(scan) !== ']') {
    if (scan.text[scan.at] === ',') {
      scan.at += 1;
      peek(scan);
    }
    each();
  }
  scan.at += 1;
}

/** Skips a value; returns its text. */
export function skipValue(scan: Scan): string {
  peek(scan);
  const { text } = scan;
  const from = scan.at;
  let depth = 0;
  do {
    const char = peek(scan);
    if (char === '"') {
      skipText(scan);
      continue;
    }
    if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
    else if (char !== ',' && char !== ':') {
      skipBare(scan);
      continue;
    }
    scan.at += 1;
  } while (depth > 0);
  return text.slice(from, scan.at);
}

/** Returns whether lists and objects of a sound JSON text are nested deeper than that. */
export function isDeeper(text: string, depthMax: number): boolean {
  // Each level takes two characters.
  if (text.length <= depthMax * 2) return false;
  const scan = { text, at: 0 };
  let depth = 0;
  while (scan.at < text.length) {
    const char = text[scan.at];
    if (char === '"') {
      skipText(scan);
      continue;
    }
    if (char === '{' || char === '[') {
      depth += 1;
      if (depth > depthMax) return true;
    } else if (char === '}' || char === ']') {
      depth -= 1;
    }
    scan.at += 1;
  }
  return false;
}

/** Returns part of a value for an error. */
export function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function expect(scan: Scan, first: string, accepted: string): void {
  if (peek(scan) !== first) {
    throw new FrameError('wrong_type', `found ${excerpt(skipValue(scan))}; accepted: ${accepted}`);
  }
}

function skipText(scan: Scan): void {
  let end = scan.text.indexOf('"', scan.at + 1);
  while (isEscaped(scan.text, end)) end = scan.text.indexOf('"', end + 1);
  scan.at = end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}

/** Skips a number, `true`, `false` or `null`. */
function skipBare(scan: Scan): void {
  BARE.lastIndex = scan.at;
  scan.at += BARE.exec(scan.text)?.[0].length ?? 1;
}

const BARE = /[-+.0-9A-Za-z]+/y;

/** Most fields of an object, unknown ones included. */
const FIELDS_MAX = 24;
