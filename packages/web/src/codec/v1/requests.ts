/** Texts of a client to typed frames: what a server hears, and the leading tab of the others. */

import type { Payload } from '../../api.js';
import type { Cursor } from '../../engine/types.js';
import { FrameError } from '../error.js';
import { decodeFrame, type Frames } from './decode.js';
import { type Fields, list, object, optional, PAYLOAD, readFields, text, whole } from './fields.js';
import {
  BATCH_MAX,
  CHANNEL_BYTES_MAX,
  HELLO_BYTES_MAX,
  type Hello,
  NAME_BYTES_MAX,
  TOKEN_BYTES_MAX,
} from './frames.js';

/** What a client said, with long names. */
export type Said =
  | (Omit<Hello, 'channels'> & { readonly channels: readonly Asked[] })
  | {
      readonly type: 'publish';
      readonly channel: string;
      readonly producer?: string;
      readonly sequence: number;
      readonly before?: number;
      readonly payload: Payload;
    }
  | { readonly type: 'subscribe'; readonly channels: readonly Asked[] }
  | { readonly type: 'unsubscribe'; readonly request: number; readonly channels: readonly string[] }
  | { readonly type: 'volatile'; readonly channel: string; readonly key: string; readonly payload: Payload }
  | {
      readonly type: 'read';
      readonly request: number;
      readonly channel: string;
      readonly after: number;
      readonly limit: number;
    }
  | { readonly type: 'auth'; readonly token: string }
  | { readonly type: 'ping' | 'pong'; readonly nonce: number }
  | { readonly type: 'bye' };

/** A channel that is asked for. */
export interface Asked extends Partial<Cursor> {
  readonly channel: string;
}

/** Understands a message of a client; what is no frame throws a {@link FrameError}. */
export function decodeRequest(data: unknown, bytesMax: number): Said {
  const frame = decodeFrame(data, bytesMax, REQUESTS);
  if (frame.type === 'hello' && (data as string).length > HELLO_BYTES_MAX) {
    throw new FrameError('too_long', `accepted: at most ${HELLO_BYTES_MAX} bytes`);
  }
  return frame as unknown as Said;
}

const WHOLE_MAX = Number.MAX_SAFE_INTEGER;
const U32_MAX = 2 ** 32 - 1;
const channel = text('channel', CHANNEL_BYTES_MAX);
const request = whole('request', 0, U32_MAX);
const nonce = whole('nonce', 0, U32_MAX);
const token = text('token', TOKEN_BYTES_MAX);

const PLACE: Fields = {
  c: channel,
  ep: optional(whole('epoch', 0, 2 ** 48 - 1)),
  o: optional(whole('offset', 0, WHOLE_MAX)),
};

const places = (min: number) =>
  list(
    'channels',
    (raw) => {
      const place = readFields(raw, PLACE);
      if ('epoch' in place !== 'offset' in place)
        throw new FrameError('unpaired', 'accepted: ep and o, or neither');
      return place;
    },
    min,
    BATCH_MAX,
  );

const REQUESTS: Frames = {
  hello: [
    'hello',
    {
      v: whole('version', 1, U32_MAX),
      client: text('client', NAME_BYTES_MAX),
      producer: text('producer', NAME_BYTES_MAX),
      auth: optional(token),
      subs: places(0),
      caps: optional(object('', { max_frame: whole('frameMax', 1, U32_MAX) })),
      last: optional(
        object('last', {
          code: whole('code', 1000, 4999),
          up_ms: whole('upMs', 0, WHOLE_MAX),
          try: whole('attempts', 0, U32_MAX),
        }),
      ),
    },
  ],
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
  auth: ['auth', { token }],
  ping: ['ping', { n: nonce }],
  pong: ['pong', { n: nonce }],
  bye: ['bye', {}],
};
