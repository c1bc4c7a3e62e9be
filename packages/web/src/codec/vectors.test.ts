/** The codec is held to the vectors that every implementation of `everlink.v1` is held to. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeRequest, encodeReply } from '../testing/wire.js';
import { FrameError } from './error.js';
import { decodeReply } from './v1/decode.js';
import { encodeRequest } from './v1/encode.js';
import type { Request } from './v1/frames.js';

interface Vector {
  readonly name: string;
  readonly side: 'client' | 'server';
  readonly json?: string;
  readonly json_binary?: string;
  readonly frame?: Record<string, unknown>;
  readonly decode_only?: boolean;
  readonly error?: string;
  readonly close?: number;
}

const file = new URL('../../../../crates/everlink-wire/vectors/v1.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[];
const FRAME_MAX = 16 * 1024 * 1024;
const decode = (side: Vector['side'], data: unknown) =>
  side === 'server' ? decodeReply(data, FRAME_MAX) : decodeRequest(data);

describe('vectors of everlink.v1.json', () => {
  const sound = vectors.filter(({ json, frame }) => json !== undefined && frame !== undefined);
  it.each(sound.map((vector) => [vector.name, vector] as const))('reads: %s', (_, vector) => {
    expect(normal(decode(vector.side, vector.json))).toEqual(normal(ours(vector)));
  });

  const written = sound.filter(({ decode_only }) => decode_only !== true);
  it.each(written.map((vector) => [vector.name, vector] as const))('writes: %s', (_, vector) => {
    if (vector.side === 'client') {
      expect(encodeRequest(request(vector))).toBe(vector.json);
      return;
    }
    // The scripted server says the same, in whatever order of keys.
    const frame = decodeReply(vector.json, FRAME_MAX);
    expect(JSON.parse(encodeReply(frame))).toEqual(JSON.parse(vector.json as string));
  });

  const broken = vectors.filter(
    ({ json, json_binary, error }) => (json ?? json_binary) !== undefined && error !== undefined,
  );
  it.each(broken.map((vector) => [vector.name, vector] as const))('fault_39_refuses: %s', (_, vector) => {
    const { json, json_binary } = vector;
    const data = json ?? new Uint8Array(Buffer.from(json_binary as string, 'hex'));
    let error: unknown;
    try {
      decode(vector.side, data);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FrameError);
    const frameError = error as FrameError;
    // A parser that is not ours finds what is behind a frame to be no JSON at all.
    expect(frameError.problem).toBe(vector.error === 'trailing' ? 'syntax' : vector.error);
    expect(frameError.closeCode(vector.side)).toBe(vector.close);
  });

  it('covers both sides, sound frames and broken ones', () => {
    expect(sound.length).toBeGreaterThan(80);
    expect(broken.length).toBeGreaterThan(90);
  });
});

/** Returns a frame with the names that are used here. */
function ours(vector: Vector): Record<string, unknown> {
  return rename(vector.frame as Record<string, unknown>) as Record<string, unknown>;
}

const NAMES: Record<string, string> = { expires_ms: 'expiresMs', try: 'attempts' };
const TYPES: Record<string, string> = {
  subscribe_ok: 'subscribeOk',
  subscribe_err: 'subscribeErr',
  unsubscribe_ok: 'unsubscribeOk',
  read_err: 'readErr',
  auth_ok: 'authOk',
};

function rename(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rename);
  if (typeof value !== 'object' || value === null) return value;
  const renamed: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const name = NAMES[key] ?? key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    if (key === 'type') renamed.type = TYPES[inner as string] ?? inner;
    else if (key === 'payload') renamed.payload = payload(inner as Record<string, string>);
    else renamed[name] = rename(inner);
  }
  return renamed;
}

function payload({ text, binary }: Record<string, string>): unknown {
  return text === undefined ? new Uint8Array(Buffer.from(binary as string, 'hex')) : JSON.parse(text);
}

/** Returns the frame as the encoder wants it: payload texts as they are, and cursors as such. */
function request(vector: Vector): Request {
  const frame = ours(vector) as Record<string, unknown>;
  const raw = vector.frame?.payload as Record<string, string> | undefined;
  if (raw?.text !== undefined) frame.payload = raw.text;
  if (frame.type === 'hello' || frame.type === 'subscribe') {
    frame.channels = (frame.channels as { channel: string; epoch?: number; offset?: number }[]).map(
      ({ channel, epoch, offset }) => ({
        channel,
        from: epoch === undefined ? undefined : { epoch, offset },
      }),
    );
  }
  return frame as unknown as Request;
}

function normal(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? Array.from(inner) : inner)),
  );
}
