/** Dialects `plain` and `json` as the driver speaks them. */

import { decodeJson, decodePlain, encodeMessage } from '../codec/plain.js';
import type { Speech } from './speech.js';

/** Messages as they are; with `json`, values and heartbeats in JSON. */
export function plainSpeech(dialect: 'plain' | 'json', protocols: readonly string[]): Speech {
  const decode = dialect === 'json' ? decodeJson : decodePlain;
  return {
    protocols,
    isStrict: false,
    greets: false,
    // A page has no pings of the protocol.
    say: (frame) => (frame.type === 'ping' && frame.level === 'protocol' ? undefined : encodeMessage(frame)),
    authenticate: () => undefined,
    hear: (data) => ({ type: 'frame', frame: decode(data) }),
    sentTo: undefined,
    told: () => undefined,
  };
}
