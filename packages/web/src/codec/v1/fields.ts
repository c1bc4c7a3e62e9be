/** Fields of frames: how each kind is read, and what it accepts. */

import { fromBase64 } from '../base64.js';
import { FrameError } from '../error.js';
import { isLonger, isWellFormed } from '../text.js';
import { DEPTH_MAX } from './frames.js';
import { isDeeper, parts } from './scan.js';

/** Reads a value from its text; what cannot be accepted is a {@link FrameError}. */
export type Read = (raw: string) => unknown;

/** What a frame is made of. */
export type Out = Record<string, unknown>;

/** A field: its long name, how it is read, and whether it may be missing. An empty name spreads what was read. */
export type Field = readonly [name: string, read: Read, isOptional?: boolean];

/** The fields of an object by their keys. */
export type Fields = Readonly<Record<string, Field>>;

export const optional = ([name, read]: Field): Field => [name, read, true];

export function text(name: string, bytesMax: number, bytesMin = 1): Field {
  return [
    name,
    (raw) => {
      const value = textOf(raw);
      if (value.length < bytesMin || isLonger(value, bytesMax)) {
        throw wrong('length', raw, `${bytesMin} to ${bytesMax} bytes`);
      }
      if (!isWellFormed(value)) throw wrong('unicode', raw, 'whole surrogate pairs');
      return value;
    },
  ];
}

export function whole(name: string, min: number, max: number): Field {
  return [
    name,
    (raw) => {
      const accepted = `a whole number, ${min} to ${max}`;
      if (!/^-?\d+$/.test(raw)) throw wrong('wrong_type', raw, accepted);
      const value = Number(raw);
      if (raw[0] === '-' || value < min || value > max) throw wrong('range', raw, accepted);
      return value;
    },
  ];
}

export function word(name: string, words: readonly string[]): Field {
  return [
    name,
    (raw) => {
      const value = textOf(raw);
      if (words.includes(value)) return value;
      throw wrong('word', raw, words.join(', '));
    },
  ];
}

export function flag(name: string): Field {
  return [
    name,
    (raw) => {
      if (raw === 'true' || raw === 'false') return raw === 'true';
      throw wrong('wrong_type', raw, 'true or false');
    },
  ];
}

export function object(name: string, fields: Fields): Field {
  return [name, (raw) => readFields(raw, fields)];
}

export function list(name: string, read: Read, min: number, max: number): Field {
  return [
    name,
    (raw) => {
      if (raw[0] !== '[') throw wrong('wrong_type', raw, 'a list');
      const values = parts(raw);
      if (values.length < min || values.length > max) throw wrong('count', raw, `${min} to ${max} entries`);
      return values.map(read);
    },
  ];
}

/** The two fields of which a payload stands in exactly one. */
export const PAYLOAD: Fields = {
  d: ['payload', readJson, true],
  x: ['payload', readBytes, true],
};

/** Reads an object's fields, those in `out` besides. */
export function readFields(raw: string, fields: Fields, out: Out = {}): Out {
  if (raw[0] !== '{') throw wrong('wrong_type', raw, 'an object');
  const found = new Map<string, string>();
  const keysAndValues = parts(raw);
  for (let at = 0; at < keysAndValues.length; at += 2) {
    const key = textOf(keysAndValues[at] as string);
    if (found.has(key)) throw new FrameError('duplicate', 'a key stands twice').at(key.slice(0, EXCERPT));
    found.set(key, keysAndValues[at + 1] as string);
  }
  if (found.size > FIELDS_MAX) throw new FrameError('too_many_fields', `accepted: at most ${FIELDS_MAX}`);
  for (const key in fields) {
    const [name, read, isOptional] = fields[key] as Field;
    const value = found.get(key);
    try {
      if (value !== undefined) add(out, name, read(value));
      else if (!isOptional) throw new FrameError('missing', 'it must be there');
    } catch (error) {
      throw error instanceof FrameError ? error.at(key) : error;
    }
  }
  if (fields.d !== undefined && !('payload' in out))
    throw new FrameError('payload', 'accepted: one of d and x');
  return out;
}

/** Returns part of a value for an error. */
export function wrong(problem: FrameError['problem'], raw: string, accepted: string): FrameError {
  const found = raw.length > EXCERPT ? `${raw.slice(0, EXCERPT)}…` : raw;
  return new FrameError(problem, `found ${found}; accepted: ${accepted}`);
}

function add(out: Out, name: string, value: unknown): void {
  if (name === '') Object.assign(out, value);
  else if (name in out) throw new FrameError('payload', 'accepted: one of d and x');
  else out[name] = value;
}

function textOf(raw: string): string {
  if (raw[0] !== '"') throw wrong('wrong_type', raw, 'a text');
  return JSON.parse(raw) as string;
}

function readJson(raw: string): unknown {
  if (isDeeper(raw, DEPTH_MAX)) throw wrong('too_deep', raw, `at most ${DEPTH_MAX} levels`);
  return JSON.parse(raw);
}

function readBytes(raw: string): Uint8Array {
  const bytes = fromBase64(textOf(raw));
  if (bytes === undefined) throw wrong('base64', raw, 'base64 with padding (RFC 4648, section 4)');
  return bytes;
}

/** Most fields of an object, unknown ones included. */
const FIELDS_MAX = 24;

/** Longest part of a value that an error repeats. */
const EXCERPT = 40;
