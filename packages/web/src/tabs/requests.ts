/** What tabs say in `everlink.v1`, as the leader must understand it; docs/reference/protocol-frames.md says what fields mean. */

import { decodeFrame, type Frames } from '../codec/v1/decode.js';
import { type Fields, list, optional, PAYLOAD, readFields, text, whole } from '../codec/v1/fields.js';
import { BATCH_MAX, CHANNEL_BYTES_MAX, NAME_BYTES_MAX } from '../codec/v1/frames.js';
import { FRAME_BYTES_MAX } from './limits.js';

/** A channel that is asked for; where to go on stands in both fields or in none. */
export interface Asked {
  readonly channel: string;
  readonly epoch?: number;
  readonly offset?: number;
}

/** What a tab says. */
export type TabRequest =
  | { readonly type: 'hello'; readonly producer: string; readonly channels: readonly Asked[] }
  | {
      readonly type: 'publish';
      readonly channel: string;
      readonly producer?: string;
      readonly sequence: number;
    }
  | { readonly type: 'subscribe'; readonly channels: readonly Asked[] }
  | { readonly type: 'unsubscribe'; readonly request: number; readonly channels: readonly string[] }
  | { readonly type: 'volatile'; readonly channel: string }
  | {
      readonly type: 'read';
      readonly request: number;
      readonly channel: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly type: 'ping'; readonly nonce: number }
  | { readonly type: 'pong' | 'auth' | 'bye' };

/** Understands a frame of a tab; what is none throws a `FrameError`. */
export function decodeTabRequest(data: string): TabRequest {
  return decodeFrame(data, FRAME_BYTES_MAX, REQUESTS) as unknown as TabRequest;
}

const WHOLE_MAX = Number.MAX_SAFE_INTEGER;
const U32_MAX = 2 ** 32 - 1;

const channel = text('channel', CHANNEL_BYTES_MAX);
const request = whole('request', 0, U32_MAX);

const PLACE: Fields = {
  c: channel,
  ep: optional(whole('epoch', 0, 2 ** 48 - 1)),
  o: optional(whole('offset', 0, WHOLE_MAX)),
};
const places = (min: number) => list('channels', (scan) => readFields(scan, PLACE, {}), min, BATCH_MAX);

const REQUESTS: Frames = {
  hello: ['hello', { producer: text('producer', NAME_BYTES_MAX), subs: places(0) }],
  pub: [
    'publish',
    {
      c: channel,
      p: optional(text('producer', NAME_BYTES_MAX)),
      s: whole('sequence', 1, WHOLE_MAX),
      b: optional(whole('before', 0, WHOLE_MAX)),
      ...PAYLOAD,
    },
  ],
  sub: ['subscribe', { subs: places(1) }],
  unsub: ['unsubscribe', { n: request, cs: list('channels', channel[1], 1, BATCH_MAX) }],
  vol: ['volatile', { c: channel, k: text('key', NAME_BYTES_MAX), ...PAYLOAD }],
  read: [
    'read',
    { n: request, c: channel, after: whole('after', 0, WHOLE_MAX), limit: whole('limit', 1, BATCH_MAX) },
  ],
  auth: ['auth', {}],
  ping: ['ping', { n: whole('nonce', 0, U32_MAX) }],
  pong: ['pong', {}],
  bye: ['bye', {}],
};
