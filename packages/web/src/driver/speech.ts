/** What a dialect is to the driver: words for the engine's frames, and frames for what comes. */

import type { Payload } from '../api.js';
import type { Received, Transmit } from '../engine/types.js';

/** What the engine carries: on the way out the text or the bytes of the message, on the way in its value. */
export type Body = Payload;

/** What one transport remembers of its conversation. */
export interface Talk {
  /** Proves who we are; a secret. */
  token: string | undefined;
  /** Frames that follow once the greeting was answered. */
  later: string[];
  /** When the server wants us back, after it said that the connection ends. */
  retryAfterMs: number | undefined;
  /** What the server said was wrong, in its words. */
  trouble: string | undefined;
}

/** What came. */
export type Heard =
  /** A frame for the engine. */
  | { readonly type: 'frame'; readonly frame: Received<Body> }
  /** Nothing that the engine must know: life. */
  | { readonly type: 'life' }
  /** Fresh credentials were taken; they last this long, where that is known. */
  | { readonly type: 'authenticated'; readonly lastsMs: number | undefined }
  /** Something went wrong at the server. */
  | { readonly type: 'trouble'; readonly code: number; readonly fatal: boolean; readonly why: string };

/** A dialect as one client speaks it. */
export interface Speech {
  /** The subprotocols that are offered. */
  readonly protocols: readonly string[];
  /** Whether the server must choose one of them. */
  readonly isStrict: boolean;
  /** Whether a token goes into the greeting; otherwise it goes into the subprotocols. */
  readonly greets: boolean;
  /** Says a frame; `undefined` where there is nothing to say. */
  say(frame: Transmit<Body>, talk: Talk): string | Uint8Array | undefined;
  /** Says fresh credentials; `undefined` where they cannot be renewed on a connection that stands. */
  authenticate(token: string): string | undefined;
  /** Understands what came. A `FrameError` ends the transport. */
  hear(data: string | Uint8Array, talk: Talk): Heard;
  /** Where the server wants us to go, if the frame that was heard just now says so. */
  readonly sentTo: string | undefined;
  /** The frame that was heard is told: what it says besides what the engine needs is forgotten. */
  told(): void;
}
