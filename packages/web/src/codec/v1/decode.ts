/** Texts of a server to typed frames. */

import type { Payload } from '../../api.js';
import { FrameError } from '../error.js';
import { isLonger } from '../text.js';
import {
  type Field,
  type Fields,
  flag,
  list,
  object,
  optional,
  PAYLOAD,
  readFields,
  text,
  whole,
  word,
  wrong,
} from './fields.js';
import { BATCH_MAX, CHANNEL_BYTES_MAX, DEPTH_MAX, NAME_BYTES_MAX, type Reply } from './frames.js';
import { isDeeper } from './scan.js';

/** Frames by their `t`: what they are called here, and their fields. */
export type Frames = Readonly<Record<string, readonly [type: string, fields: Fields]>>;

/** Understands a message of the server; what is no frame throws a {@link FrameError}. */
export function decodeReply(data: unknown, bytesMax: number): Reply {
  const usual = typeof data === 'string' ? decodeUsual(data, bytesMax) : undefined;
  return usual ?? (decodeFrame(data, bytesMax, REPLIES) as unknown as Reply);
}

/** Understands a message by a table of frames. */
export function decodeFrame(data: unknown, bytesMax: number, frames: Frames): Record<string, unknown> {
  if (typeof data !== 'string') throw new FrameError('message_kind', 'accepted: text');
  if (isLonger(data, bytesMax)) throw new FrameError('too_long', `accepted: at most ${bytesMax} bytes`);
  const t = typeOf(data);
  const frame = Object.hasOwn(frames, t) ? frames[t] : undefined;
  if (frame === undefined) throw wrong('unknown_frame', t, 'a type of frames');
  const [type, fields] = frame;
  try {
    return readFields(data.trim(), fields, { type });
  } catch (error) {
    throw error instanceof FrameError ? error.at(t) : error;
  }
}

function typeOf(data: string): string {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw wrong('syntax', data, 'JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('wrong_type', data, 'an object');
  if (!Object.hasOwn(value, 't')) throw wrong('missing', data, 't');
  const { t } = value as { t: unknown };
  if (typeof t !== 'string') throw wrong('wrong_type', data, 't: a text');
  if (t === '') throw wrong('length', data, 't: a type of frames');
  return t;
}

/**
 * The frame that comes most, written as servers write it: whatever looks a bit different takes the long way. With names
 * free of escapes and the payload parsed by itself, nothing can stand twice.
 */
function decodeUsual(data: string, bytesMax: number): Reply | undefined {
  if (isLonger(data, bytesMax) || !data.endsWith('}')) return undefined;
  const head = USUAL.exec(data);
  if (head === null) return undefined;
  const raw = data.slice(head[0].length, -1);
  let payload: Payload;
  try {
    payload = JSON.parse(raw) as Payload;
  } catch {
    return undefined;
  }
  if (isDeeper(raw, DEPTH_MAX)) return undefined;
  const [, channel, offset, epoch, producer, sequence, id, user, at] = head;
  return {
    type: 'message',
    channel: channel as string,
    offset: Number(offset),
    ...(epoch !== undefined && { epoch: Number(epoch) }),
    producer: producer as string,
    sequence: Number(sequence),
    ...(id !== undefined && { id }),
    ...(user !== undefined && { user }),
    at: Number(at),
    payload,
  };
}

/** Names are so short that they are short enough in bytes too, and so are numbers in digits. */
const USUAL =
  /^\{"t":"msg","c":"([^"\\\p{Cc}]{1,128})","o":([1-9]\d{0,14}),(?:"ep":(0|[1-9]\d{0,13}),)?"p":"([^"\\\p{Cc}]{1,128})","s":([1-9]\d{0,14}),(?:"id":"([^"\\\p{Cc}]{1,64})",)?(?:"u":"([^"\\\p{Cc}]{1,64})",)?"at":(0|[1-9]\d{0,14}),"d":/u;

const WHOLE_MAX = Number.MAX_SAFE_INTEGER;
const U32_MAX = 2 ** 32 - 1;

const channel = text('channel', CHANNEL_BYTES_MAX);
const epoch = whole('epoch', 0, 2 ** 48 - 1);
const request = whole('request', 0, U32_MAX);
const nonce = whole('nonce', 0, U32_MAX);
const sequence = whole('sequence', 1, WHOLE_MAX);
const key = text('key', NAME_BYTES_MAX);
const user = optional(text('user', NAME_BYTES_MAX));
const why = text('why', NAME_BYTES_MAX, 0);
const code = whole('code', 0, U32_MAX);
const any = (name: string): Field => whole(name, 0, WHOLE_MAX);
const producer = optional(text('producer', NAME_BYTES_MAX));

const STORED: Fields = {
  o: whole('offset', 1, WHOLE_MAX),
  p: text('producer', CHANNEL_BYTES_MAX),
  s: sequence,
  id: optional(text('id', NAME_BYTES_MAX)),
  u: user,
  at: any('at'),
  ...PAYLOAD,
};

const REPLIES: Frames = {
  welcome: [
    'welcome',
    {
      node: text('node', NAME_BYTES_MAX),
      hb: list('heartbeatMs', whole('', 1, WHOLE_MAX)[1], 2, 2),
      lim: object('', {
        frame: whole('frameMax', 1, U32_MAX),
        rate: optional(whole('rate', 1, U32_MAX)),
        origin_ttl_ms: any('originTtlMs'),
      }),
      retry: optional(
        object('', { window_ms: optional(any('returnWindowMs')), cap_ms: optional(any('backoffMaxMs')) }),
      ),
      kept: word('kept', ['memory', 'disk', 'replicated']),
      suffix: optional(text('suffix', NAME_BYTES_MAX)),
    },
  ],
  ack: ['ack', { c: channel, p: producer, s: sequence, o: any('offset') }],
  nack: ['nack', { c: channel, p: producer, s: sequence, code, why }],
  msg: ['message', { c: channel, ep: optional(epoch), ...STORED }],
  sub_ok: ['subscribeOk', { c: channel, ep: epoch, head: any('head'), n: any('replay') }],
  sub_err: ['subscribeErr', { c: channel, code, why }],
  unsub_ok: ['unsubscribeOk', { n: request }],
  gap: [
    'gap',
    {
      c: channel,
      from: whole('from', 1, WHOLE_MAX),
      to: any('to'),
      why: word('cause', ['expired', 'epoch', 'slow']),
      ep: optional(epoch),
    },
  ],
  vol: ['volatile', { c: channel, k: key, u: user, ...PAYLOAD }],
  ret: ['retained', { c: channel, k: key, v: any('version'), ...PAYLOAD }],
  page: [
    'page',
    {
      n: request,
      c: channel,
      ep: epoch,
      first: any('first'),
      head: any('head'),
      msgs: list('messages', (raw) => readFields(raw, STORED), 0, BATCH_MAX),
    },
  ],
  read_err: ['readErr', { n: request, code, why }],
  auth_ok: ['authOk', { exp_ms: optional(any('expiresMs')) }],
  ping: ['ping', { n: nonce }],
  pong: ['pong', { n: nonce, w: optional(any('windowMs')) }],
  away: [
    'away',
    {
      why: word('reason', ['drain', 'age', 'rebalance', 'overload']),
      slot_ms: any('slotMs'),
      url: optional(text('url', NAME_BYTES_MAX)),
    },
  ],
  err: ['err', { code, fatal: flag('fatal'), retry_ms: optional(any('retryMs')), why }],
  bye: ['bye', {}],
};
