/** What a driver reports to the engine. */

import type { Failure, Verdict } from './failure.js';
import type { Cursor, Received } from './frame.js';

/** One thing that happened. */
export type Input<P> =
  /** The application wants a connection. */
  | { readonly type: 'connect' }
  /** The application wants none any more: what is pending is cancelled, the queue is cleared. */
  | { readonly type: 'disconnect' }
  /** The application wants a new connection at once, from any state; attempts count anew. */
  | { readonly type: 'reconnect' }
  /** The application sends a message. */
  | { readonly type: 'send'; readonly message: Outgoing<P> }
  /** The application takes a message back, which the engine does if it was never handed to a transport. */
  | { readonly type: 'withdraw'; readonly message: number }
  /** The application wants a channel, until it unsubscribes; no `from` is now. */
  | { readonly type: 'subscribe'; readonly channel: number; readonly from?: Cursor | undefined }
  /** The application wants a channel no longer. */
  | { readonly type: 'unsubscribe'; readonly channel: number }
  /** The application asks for a page of history; `page` or `readFailed` answers it. `after: 0` is the beginning. */
  | {
      readonly type: 'read';
      readonly request: number;
      readonly channel: number;
      readonly after: number;
      readonly limit: number;
    }
  /** The application does not take what a channel brings: it is given up for the moment. */
  | { readonly type: 'pause'; readonly channel: number }
  /** A paused channel is read on from its cursor. */
  | { readonly type: 'resume'; readonly channel: number }
  /** Something about a transport. */
  | { readonly type: 'transport'; readonly transport: number; readonly news: News<P> }
  /** The network is another one now, or was away for a moment. */
  | { readonly type: 'networkChanged' }
  /** The platform says that there is a network. */
  | { readonly type: 'online' }
  /** The platform says that there is none; a working link is only probed. */
  | { readonly type: 'offline' }
  /** The machine or the page was asleep. */
  | { readonly type: 'woke' }
  /** A deadline of `pollTimeout` may have passed. Early is harmless. */
  | { readonly type: 'timeout' };

/** What happened to a transport. News from a transport that was left is dropped. */
export type News<P> =
  /** The upgrade is complete. */
  | { readonly type: 'opened' }
  /** The attempt failed; `verdict` is what the application decided instead of the table. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly verdict?: Verdict | undefined }
  /** The open transport is gone; `verdict` as above. */
  | { readonly type: 'lost'; readonly failure: Failure; readonly verdict?: Verdict | undefined }
  /** A frame came. */
  | { readonly type: 'frame'; readonly frame: Received<P> }
  /** Something came that is no frame; `data` says whether it belongs to a message. */
  | { readonly type: 'heard'; readonly data: boolean }
  /** So many more frames of `transmit` are with the system; 0 puts the write time-out off. */
  | { readonly type: 'written'; readonly frames: number }
  /** The driver has stopped reading, because the application does not take what came. */
  | { readonly type: 'readPaused' }
  /** The driver reads again. */
  | { readonly type: 'readResumed' };

/** A message on its way out. */
export interface Outgoing<P> {
  /** Its number, above all before it. */
  readonly id: number;
  /** The channel, where the dialect knows channels. */
  readonly channel?: number | undefined;
  /** How large it is, in bytes. */
  readonly bytes: number;
  /** What becomes of it when it cannot be sent now. Default: `{ type: 'configured' }`. */
  readonly policy?: SendPolicy | undefined;
  /** Which kind of value it is; a dialect that acknowledges needs it for `volatile`. */
  readonly key?: number | undefined;
  /** Its number in the channel, where it has one already. */
  readonly origin?: Numbered | undefined;
  /** What to send. */
  readonly payload: P;
}

/** The number of a message that was numbered before it reached the engine. */
export interface Numbered {
  /** The producer that numbered it; 0 is this process. */
  readonly producer: number;
  /** Its number in its channel, from 1. */
  readonly sequence: number;
  /** The number before it, where that is not `sequence - 1`; never for producer 0. */
  readonly before?: number | undefined;
  /** How long ago it was taken, as far as that is known. */
  readonly ageMs: number;
}

/** What becomes of a message when it cannot be sent now. */
export type SendPolicy =
  /**
   * `configured`: as the setting `overflow` says. `wait`: queued; refused if the outbox is full, and
   * `outboxRoom` follows. `fail`: queued, or refused. `dropOldest`: queued, and the oldest that is not
   * on its way is dropped. `volatile`: sent now or dropped.
   */
  | { readonly type: 'configured' | 'wait' | 'fail' | 'dropOldest' | 'volatile' }
  /** Queued in the place of an earlier message with the same key that is not on its way. */
  | { readonly type: 'coalesce'; readonly key: number };
