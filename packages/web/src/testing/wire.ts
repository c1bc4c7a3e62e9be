/** The server's side of `everlink.v1.json`, for scripted servers. */

import { toBase64 } from '../codec/base64.js';
import type { Reply } from '../codec/v1/frames.js';
import { decodeRequest as decodeClient, type Said } from '../codec/v1/requests.js';

export type { Asked, Said } from '../codec/v1/requests.js';

/** Understands a message of a client; what is no frame throws a `FrameError`. */
export function decodeRequest(data: unknown): Said {
  return decodeClient(data, FRAME_BYTES_MAX);
}

/** Returns the text of a frame of a server. */
export function encodeReply(frame: Reply): string {
  const { type, ...rest } = frame;
  const fields: Record<string, unknown> = { t: TYPES[type] ?? type };
  for (const [name, value] of Object.entries(rest)) addField(fields, type, name, value);
  return JSON.stringify(fields);
}

function addField(fields: Record<string, unknown>, type: string, name: string, value: unknown): void {
  if (value === undefined) return;
  if (name === 'payload') {
    if (value instanceof Uint8Array) fields.x = toBase64(value);
    else fields.d = value;
  } else if (name === 'messages') {
    fields.msgs = (value as Record<string, unknown>[]).map((message) => {
      const entry: Record<string, unknown> = {};
      for (const [key, inner] of Object.entries(message)) addField(entry, type, key, inner);
      return entry;
    });
  } else if (type === 'welcome' && name in LIMITS) {
    fields.lim = { ...(fields.lim as object), [LIMITS[name] as string]: value };
  } else if (type === 'welcome' && name in RETRY) {
    fields.retry = { ...(fields.retry as object), [RETRY[name] as string]: value };
  } else {
    fields[KEYS[`${type}.${name}`] ?? KEYS[name] ?? name] = value;
  }
}

const TYPES: Record<string, string> = {
  message: 'msg',
  subscribeOk: 'sub_ok',
  subscribeErr: 'sub_err',
  unsubscribeOk: 'unsub_ok',
  volatile: 'vol',
  retained: 'ret',
  readErr: 'read_err',
  authOk: 'auth_ok',
};

const LIMITS: Record<string, string> = { frameMax: 'frame', rate: 'rate', originTtlMs: 'origin_ttl_ms' };
const RETRY: Record<string, string> = { returnWindowMs: 'window_ms', backoffMaxMs: 'cap_ms' };

const KEYS: Record<string, string> = {
  channel: 'c',
  producer: 'p',
  sequence: 's',
  offset: 'o',
  epoch: 'ep',
  user: 'u',
  key: 'k',
  version: 'v',
  request: 'n',
  nonce: 'n',
  replay: 'n',
  cause: 'why',
  reason: 'why',
  heartbeatMs: 'hb',
  windowMs: 'w',
  slotMs: 'slot_ms',
  retryMs: 'retry_ms',
  expiresMs: 'exp_ms',
};

const FRAME_BYTES_MAX = 16 * 1024 * 1024;
