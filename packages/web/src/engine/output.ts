/** What the engine asks of a driver, and what it tells. */

import type { Failure } from './failure.js';
import type { GapCause, Origin, Page, Transmit } from './frame.js';

/** The next thing to carry out. */
export type Output<P> =
  /** Open a transport, and report `opened` or `failed` for it. */
  | ({ readonly type: 'dial' } & Dial)
  /** Leave a transport; its later news is dropped. */
  | { readonly type: 'hangUp'; readonly transport: number; readonly how: HangUp }
  /** Send a frame on a transport, in the order of the outputs. */
  | { readonly type: 'transmit'; readonly transport: number; readonly frame: Transmit<P> }
  /** Tell the application. */
  | { readonly type: 'event'; readonly event: Event<P> };

/** A transport to open. */
export interface Dial {
  /** The number that all news of it must carry. */
  readonly transport: number;
  /** Which of the endpoints, from 0. */
  readonly endpoint: number;
  /** Whether the credentials source must be asked for fresh ones. */
  readonly refreshCredentials: boolean;
  /** Which retry it is since the connection was last stable, from 1; 0 for the first dial, and for a successor. */
  readonly attempt: number;
}

/** How to leave a transport: with a close frame of this code, or by dropping it at once. */
export type HangUp = { readonly type: 'close'; readonly code: number } | { readonly type: 'abandon' };

/** What an application sees of the connection. */
export type ConnectionState =
  | 'closed'
  | 'connecting'
  | 'connected'
  | 'disconnected'
  | 'reconnecting'
  | 'error';

/** How good a connection is, from its smoothed round trip. */
export type Quality = 'excellent' | 'good' | 'poor' | 'unusable';

/** What may be promised about delivery. */
export type Guarantee = 'bestEffort' | 'atLeastOnce' | 'exactlyOnce';

/** Why the second level acts. */
export type Supervision = 'stale' | 'surrender' | 'age';

/** News for the application. */
export type Event<P> =
  /** The state changed. */
  | { readonly type: 'stateChanged'; readonly from: ConnectionState; readonly to: ConnectionState }
  /** The connection stands for the first time since `connect`. */
  | { readonly type: 'connected'; readonly guarantee: Guarantee }
  /** The connection was lost after it had stood for `uptimeMs`; told once an outage. */
  | { readonly type: 'disconnected'; readonly failure: Failure; readonly uptimeMs: number }
  /** An attempt, counted from 1, will be made after a delay. */
  | { readonly type: 'reconnecting'; readonly attempt: number; readonly delayMs: number }
  /** An attempt failed; 0 is the first dial after `connect`. */
  | { readonly type: 'attemptFailed'; readonly attempt: number; readonly failure: Failure }
  /** The connection is back; told once an outage. */
  | { readonly type: 'reconnected'; readonly attempts: number; readonly downtimeMs: number }
  /** Given up: no further attempt will be made by itself. */
  | { readonly type: 'reconnectFailed'; readonly attempts: number; readonly failure: Failure }
  /** A successor took over while the connection stood, without a gap. */
  | { readonly type: 'moved' }
  /** The second level acts, for this many times since the connection was last stable. */
  | { readonly type: 'supervised'; readonly cause: Supervision; readonly attempt: number }
  /** The quality of the connection changed. */
  | { readonly type: 'qualityChanged'; readonly from: Quality; readonly to: Quality }
  /** A heartbeat was answered. */
  | { readonly type: 'healthCheck'; readonly latencyMs: number; readonly quality: Quality }
  /** The circuit breaker opened, or closed again. */
  | { readonly type: 'breaker'; readonly open: boolean }
  /** A message came; `position` where the dialect has logs. */
  | {
      readonly type: 'message';
      readonly channel: number | undefined;
      readonly position: Position | undefined;
      readonly payload: P;
    }
  /** A volatile value came; it is never told again. */
  | { readonly type: 'volatile'; readonly channel: number; readonly key: number; readonly payload: P }
  /** A retained value came that is newer than the one told before. */
  | {
      readonly type: 'retained';
      readonly channel: number;
      readonly key: number;
      readonly version: number;
      readonly payload: P;
    }
  /** The offsets `from` to `to` of a channel will not come; `epoch` holds from here on. */
  | {
      readonly type: 'gap';
      readonly channel: number;
      readonly from: number;
      readonly to: number;
      readonly cause: GapCause;
      readonly epoch: number;
    }
  /** Copies of messages were dropped because they had been delivered already. */
  | { readonly type: 'duplicateDropped'; readonly channel: number | undefined }
  /** The server confirmed a channel. */
  | { readonly type: 'subscribed'; readonly channel: number }
  /** The server refused a channel; it is not asked for again by itself. */
  | { readonly type: 'subscriptionRejected'; readonly channel: number; readonly code: number }
  /** All desired channels are confirmed on a new transport. */
  | { readonly type: 'resubscribed'; readonly channels: number }
  /** The fate of messages `first` to `last` is known (those of them that are not known already). */
  | { readonly type: 'settled'; readonly first: number; readonly last: number; readonly outcome: Outcome }
  /** Messages were written shortly before a loss: they may or may not have arrived. */
  | { readonly type: 'inDoubt'; readonly first: number; readonly last: number }
  /** Messages were sent again after so long a time that each may be stored twice. */
  | { readonly type: 'maybeDoubled'; readonly first: number; readonly last: number }
  /** A page of history came. */
  | { readonly type: 'page'; readonly request: number; readonly channel: number; readonly page: Page<P> }
  /** A question for a page of history will not be answered. */
  | { readonly type: 'readFailed'; readonly request: number; readonly why: ReadFailure }
  /** There is room in the outbox again, after a send was refused that wanted to wait. */
  | { readonly type: 'outboxRoom' }
  /** The server asked us to come back later or elsewhere. */
  | { readonly type: 'away'; readonly slotMs: number };

/** Why a question for a page of history will not be answered. */
export type ReadFailure =
  | { readonly type: 'refused'; readonly code: number }
  | { readonly type: 'lost' }
  | { readonly type: 'timedOut' };

/** Where a message stands in its channel's log. */
export interface Position {
  /** The life of the log. */
  readonly epoch: number;
  /** Its offset; 0 for a message that is not in the log. */
  readonly offset: number;
  /** Who published it. */
  readonly origin: Origin;
}

/** What became of a message. */
export type Outcome =
  /**
   * `written`: it is with the system. `droppedOldest`: dropped by its overflow policy. `coalesced`: a
   * newer one took its place. `droppedVolatile`: there was no way to send it. `cleared`: the
   * application disconnected. `tooBig`: the server closed because of its size. `withdrawn`: taken back
   * before it was ever handed to a transport.
   */
  | {
      readonly type:
        | 'written'
        | 'droppedOldest'
        | 'coalesced'
        | 'droppedVolatile'
        | 'cleared'
        | 'tooBig'
        | 'withdrawn';
    }
  /** The server has stored it, at this offset if it was the last of its range; 0 where that is not known. */
  | { readonly type: 'acknowledged'; readonly offset: number }
  /** The server refused it for good. */
  | { readonly type: 'refused'; readonly code: number };

/** What a client can be asked about its connection. */
export interface ConnectionInfo {
  readonly state: ConnectionState;
  /** Retries since the connection was last stable. */
  readonly attempts: number;
  /** Time until the next attempt, while a delay runs. */
  readonly nextAttemptMs: number | undefined;
  /** Why the last attempt failed or the connection was last lost. */
  readonly lastFailure: Failure | undefined;
  /** Which endpoint is used or tried, from 0. */
  readonly endpoint: number;
  /** How often a lost connection came back. */
  readonly reconnects: number;
  /** How often a connection was dialed. */
  readonly dials: number;
  readonly queuedMessages: number;
  readonly queuedBytes: number;
  /** How long this connection has stood; 0 while it does not. */
  readonly connectedForMs: number;
  /** Time connected since the engine was made. */
  readonly uptimeMs: number;
  /** Time wanted but not connected since the engine was made. */
  readonly downtimeMs: number;
  /** Recent attempts that succeeded, from 0 to 1, weighted towards the newest. */
  readonly successRate: number;
  /** Smoothed round trip. */
  readonly latencyMs: number | undefined;
  readonly quality: Quality;
  readonly guarantee: Guarantee;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  readonly messagesReplayed: number;
  readonly duplicates: number;
}
