/** Fields of frames: how each kind is read, and what it accepts. */

import type { Payload } from '../../api.js';
import { fromBase64 } from '../base64.js';
import { FrameError } from '../error.js';
import { isLonger, isWellFormed } from '../text.js';
import { DEPTH_MAX } from './frames.js';
import { excerpt, isDeeper, readList, readObject, readText, type Scan, skipValue } from './scan.js';

/** Reads a value; what cannot be accepted is a {@link FrameError}. */
export type Read = (scan: Scan) => unknown;

/** What a frame is made of. */
export type Out = Record<string, unknown>;

/** A field: its long name, how it is read, and whether it may be missing. An empty name spreads what was read. */
export type Field = readonly [name: string, read: Read, optional?: boolean];

/** The fields of an object by their keys. */
export type Fields = Readonly<Record<string, Field>>;

export const optional = ([name, read]: Field): Field => [name, read, true];

export function text(name: string, bytesMax: number, bytesMin = 1): Field {
  return [
    name,
    (scan) => {
      const value = readText(scan);
      if (value.length < bytesMin || isLonger(value, bytesMax)) {
        throw new FrameError('length', `found ${excerpt(value)}; accepted: ${bytesMin} to ${bytesMax} bytes`);
      }
      if (!isWellFormed(value)) throw new FrameError('unicode', 'half of a surrogate pair');
      return value;
    },
  ];
}

export function whole(name: string, min: number, max: number): Field {
  return [
    name,
    (scan) => {
      const raw = skipValue(scan);
      const accepted = `accepted: whole number, ${min} to ${max}`;
      if (!/^-?\d+$/.test(raw)) throw new FrameError('wrong_type', `found ${excerpt(raw)}; ${accepted}`);
      const value = Number(raw);
      if (raw[0] === '-' || value < min || value > max) {
        throw new FrameError('range', `found ${excerpt(raw)}; ${accepted}`);
      }
      return value;
    },
  ];
}

export function word(name: string, words: readonly string[]): Field {
  return [
    name,
    (scan) => {
      const value = readText(scan);
      if (words.includes(value)) return value;
      throw new FrameError('word', `found ${excerpt(value)}; accepted: ${words.join(', ')}`);
    },
  ];
}

export function flag(name: string): Field {
  return [
    name,
    (scan) => {
      const raw = skipValue(scan);
      if (raw === 'true' || raw === 'false') return raw === 'true';
      throw new FrameError('wrong_type', `found ${excerpt(raw)}; accepted: true or false`);
    },
  ];
}

/** An object whose fields become fields of the frame; or one field of the frame, if that has a name. */
export function object(name: string, fields: Fields): Field {
  return [name, (scan) => readFields(scan, fields, {})];
}

export function list(name: string, read: Read, min: number, max: number): Field {
  return [
    name,
    (scan) => {
      const values: unknown[] = [];
      readList(scan, () => {
        if (values.length >= max) throw new FrameError('count', `accepted: ${min} to ${max} entries`);
        values.push(read(scan));
      });
      if (values.length < min) throw new FrameError('count', `accepted: ${min} to ${max} entries`);
      return values;
    },
  ];
}

/** The two fields of which a payload stands in exactly one. */
export const PAYLOAD: Fields = {
  d: ['payload', readJson, true],
  x: ['payload', readBytes, true],
};

/** Reads an object's fields into `out`. */
export function readFields(scan: Scan, fields: Fields, out: Out): Out {
  const seen = new Set<string>();
  readObject(scan, (key) => {
    seen.add(key);
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) {
      skipValue(scan);
      return;
    }
    const [name, read] = field;
    try {
      if (name in out) throw new FrameError('payload', 'accepted: exactly one of d and x');
      const value = read(scan);
      if (name === '') Object.assign(out, value);
      else out[name] = value;
    } catch (error) {
      throw error instanceof FrameError ? error.at(key) : error;
    }
  });
  for (const key in fields) {
    const [, , isOptional] = fields[key] as Field;
    if (!isOptional && !seen.has(key)) throw new FrameError('missing', 'it must be there').at(key);
  }
  if (fields.d !== undefined && !('payload' in out)) throw new FrameError('payload', 'accepted: one of d and x');
  return out;
}

function readJson(scan: Scan): Payload {
  const raw = skipValue(scan);
  if (isDeeper(raw, DEPTH_MAX)) throw new FrameError('too_deep', `accepted: at most ${DEPTH_MAX} levels`);
  return JSON.parse(raw) as Payload;
}

function readBytes(scan: Scan): Uint8Array {
  const bytes = fromBase64(readText(scan));
  if (bytes === undefined) throw new FrameError('base64', 'accepted: base64 with padding (RFC 4648, section 4)');
  return bytes;
}
