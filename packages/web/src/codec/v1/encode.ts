/** Typed frames of a client to texts, with fields in the order of the tables. */

import type { Payload } from '../../api.js';
import { toBase64 } from '../base64.js';
import { FrameError } from '../error.js';
import { DEPTH_MAX, type Place, type Request } from './frames.js';
import { isDeeper } from './scan.js';

/** Returns the text of a frame. */
export function encodeRequest(frame: Request): string {
  const { type } = frame;
  switch (type) {
    case 'hello':
      return (
        `{"t":"hello","v":${frame.version},"client":${quote(frame.client)},"producer":${quote(frame.producer)}` +
        `${named('auth', frame.token)},"subs":${places(frame.channels)}` +
        `${frame.frameMax === undefined ? '' : `,"caps":{"max_frame":${frame.frameMax}}`}` +
        `${last(frame.last)}}`
      );
    case 'publish':
      return (
        `{"t":"pub","c":${quote(frame.channel)}${named('p', frame.producer)},"s":${frame.sequence}` +
        `${frame.before === undefined ? '' : `,"b":${frame.before}`}${body(frame.payload)}}`
      );
    case 'subscribe':
      return `{"t":"sub","subs":${places(frame.channels)}}`;
    case 'unsubscribe':
      return `{"t":"unsub","n":${frame.request},"cs":${JSON.stringify(frame.channels)}}`;
    case 'volatile':
      return `{"t":"vol","c":${quote(frame.channel)},"k":${quote(frame.key)}${body(frame.payload)}}`;
    case 'read':
      return `{"t":"read","n":${frame.request},"c":${quote(frame.channel)},"after":${frame.after},"limit":${frame.limit}}`;
    case 'auth':
      return `{"t":"auth","token":${quote(frame.token)}}`;
    case 'bye':
      return '{"t":"bye"}';
    default:
      return `{"t":"${type}","n":${frame.nonce}}`;
  }
}

/** Returns what goes out for a value; one that no peer could take throws. */
export function encodePayload(payload: Payload): string | Uint8Array {
  // What the application does to its value afterwards must not change the message.
  if (payload instanceof Uint8Array) return payload.slice();
  const text: string | undefined = JSON.stringify(payload);
  if (text === undefined)
    throw new FrameError('payload', `found ${typeof payload}; accepted: JSON or a Uint8Array`);
  if (isDeeper(text, DEPTH_MAX)) throw new FrameError('too_deep', `accepted: at most ${DEPTH_MAX} levels`);
  return text;
}

/** Returns a text as JSON. */
export const quote = (text: string): string => JSON.stringify(text);

const named = (key: string, text: string | undefined): string =>
  text === undefined ? '' : `,"${key}":${quote(text)}`;

const body = (payload: string | Uint8Array): string =>
  typeof payload === 'string' ? `,"d":${payload}` : `,"x":"${toBase64(payload)}"`;

function places(channels: readonly Place[]): string {
  const place = ({ channel, from }: Place) =>
    `{"c":${quote(channel)}${from === undefined ? '' : `,"ep":${from.epoch},"o":${from.offset}`}}`;
  return `[${channels.map(place).join(',')}]`;
}

function last(value: { code: number; upMs: number; attempts: number } | undefined): string {
  return value === undefined
    ? ''
    : `,"last":{"code":${value.code},"up_ms":${value.upMs},"try":${value.attempts}}`;
}
