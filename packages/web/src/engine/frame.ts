/** What crosses the wire, typed: the engine never sees bytes. */

/** How far a channel was read: everything up to and including `offset` of `epoch`. */
export interface Cursor {
  /** The life of the log that the offset belongs to. */
  readonly epoch: number;
  /** The last offset that was handled; offsets of messages start at 1. */
  readonly offset: number;
}

/** Who published a message, and as which of his. */
export interface Origin {
  /** The producer; 0 is this client. The driver maps names to numbers. */
  readonly producer: number;
  /** The producer's sequence number in the channel, from 1. */
  readonly sequence: number;
}

/** At which level a ping is answered; a page can send `application` pings only. */
export type PingLevel = 'protocol' | 'application';

/** Why a range of a channel cannot be delivered. */
export type GapCause = 'expired' | 'epoch' | 'slow';

/** How safe a stored message is on the server. */
export type Kept = 'memory' | 'disk' | 'replicated';

/** Why a server asks its clients to go. */
export type AwayReason = 'drain' | 'age' | 'rebalance' | 'overload';

/** How a connection ended; `code` is 1006 if there was no close frame. */
export interface Last {
  readonly code: number;
  readonly upMs: number;
  readonly attempts: number;
}

/** A channel to subscribe to, and from where; no `from` asks for what comes from now on. */
export interface Wanted {
  readonly channel: number;
  readonly from: Cursor | undefined;
}

/** A page of a channel's history. */
export interface Page<P> {
  /** The life of the log. */
  readonly epoch: number;
  /** The first offset that the log still has. */
  readonly first: number;
  /** The last offset in it; 0 when it is empty. */
  readonly head: number;
  /** The messages, in the order of their offsets. */
  readonly messages: readonly PageMessage<P>[];
}

/** A message in a page of history. */
export interface PageMessage<P> {
  readonly offset: number;
  readonly origin: Origin;
  readonly payload: P;
}

/** A frame that the engine asks a transport to send; the codec says it in the dialect. */
export type Transmit<P> =
  /** A message as it is. `id` is whose outcome the engine will report. */
  | {
      readonly type: 'message';
      readonly id: number;
      readonly channel: number | undefined;
      readonly payload: P;
    }
  /** A numbered message to a channel's log (`pub`); `before` is the number before it where that is not `sequence - 1`. */
  | {
      readonly type: 'publish';
      readonly id: number;
      readonly channel: number;
      readonly origin: Origin;
      readonly before: number | undefined;
      readonly payload: P;
    }
  /** A value beside a channel's log (`vol`): neither stored, numbered nor sent again. */
  | {
      readonly type: 'volatile';
      readonly id: number;
      readonly channel: number;
      readonly key: number;
      readonly payload: P;
    }
  /** Asks for a page of a channel's history (`read`), behind the offset `after`. */
  | {
      readonly type: 'read';
      readonly request: number;
      readonly channel: number;
      readonly after: number;
      readonly limit: number;
    }
  /** The greeting of a dialect that has one (`hello`), with all desired channels. */
  | {
      readonly type: 'hello';
      readonly channels: readonly Wanted[];
      /** How the connection before ended, if one stood that this one replaces. */
      readonly last: Last | undefined;
    }
  /** Asks for channels, at most the dialect's batch. */
  | { readonly type: 'subscribe'; readonly request: number; readonly channels: readonly Wanted[] }
  /** Gives channels up. */
  | { readonly type: 'unsubscribe'; readonly request: number; readonly channels: readonly number[] }
  /** A heartbeat; `nonce` tells its pong from an older one's. */
  | { readonly type: 'ping'; readonly level: PingLevel; readonly nonce: number }
  /** Answers a ping of the application level, with its nonce where it had one. */
  | { readonly type: 'pong'; readonly nonce: number | undefined }
  /** Ends the session for good (`bye`), before a close with 1000. */
  | { readonly type: 'bye' };

/** A frame that came from the peer; the codec has parsed it. */
export type Received<P> =
  /** A message as it is. `key` is equal for copies of one message on two transports; none if copies cannot be told. */
  | {
      readonly type: 'message';
      readonly channel?: number | undefined;
      readonly key?: number | undefined;
      readonly payload: P;
    }
  /** A message of a channel's log (`msg`); `epoch` where it differs from the one that `subscribeOk` named. */
  | {
      readonly type: 'delivery';
      readonly channel: number;
      readonly offset: number;
      readonly epoch?: number | undefined;
      readonly origin: Origin;
      readonly payload: P;
    }
  /** The greeting is answered (`welcome`). */
  | {
      readonly type: 'welcome';
      /** Interval and deadline of heartbeats that the server asks for. */
      readonly heartbeat?: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
      /** Over which time this server's clients should return after a loss. */
      readonly returnWindowMs?: number | undefined;
      /** The longest back-off that the server wishes for. */
      readonly backoffMaxMs?: number | undefined;
      /** How many frames a second the server bears, heartbeats apart. */
      readonly rate?: number | undefined;
      /** How long the log remembers a producer. */
      readonly originTtlMs?: number | undefined;
      /** How safe an acknowledged message is. */
      readonly kept: Kept;
    }
  /** All messages of this client up to a number are stored (`ack`). */
  | { readonly type: 'ack'; readonly channel: number; readonly origin: Origin; readonly offset: number }
  /** A message was refused for good (`nack`): its number is used up. */
  | { readonly type: 'nack'; readonly channel: number; readonly origin: Origin; readonly code: number }
  /** A request was accepted as a whole (exchange form). */
  | { readonly type: 'requestOk'; readonly request: number }
  /** A request was refused as a whole (exchange form). */
  | { readonly type: 'requestErr'; readonly request: number; readonly code: number }
  /** A channel is attached (`sub_ok`); replay up to `head` follows. */
  | { readonly type: 'subscribeOk'; readonly channel: number; readonly epoch: number; readonly head: number }
  /** A channel was refused (`sub_err`). */
  | { readonly type: 'subscribeErr'; readonly channel: number; readonly code: number }
  /** A range that will not come (`gap`); `epoch` is the one that holds from here on, where it changed. */
  | {
      readonly type: 'gap';
      readonly channel: number;
      readonly from: number;
      readonly to: number;
      readonly cause: GapCause;
      readonly epoch?: number | undefined;
    }
  /** A volatile message (`vol`). */
  | { readonly type: 'volatile'; readonly channel: number; readonly key: number; readonly payload: P }
  /** A retained last value (`ret`), sent again at each attach. */
  | {
      readonly type: 'retained';
      readonly channel: number;
      readonly key: number;
      readonly version: number;
      readonly payload: P;
    }
  /** A ping of the application level. */
  | { readonly type: 'ping'; readonly nonce?: number | undefined }
  /** A pong; without a nonce it answers the newest ping. `windowMs` is a new return window, where it changed. */
  | {
      readonly type: 'pong';
      readonly level: PingLevel;
      readonly nonce?: number | undefined;
      readonly windowMs?: number | undefined;
    }
  /** A page of a channel's history (`page`). */
  | { readonly type: 'page'; readonly request: number; readonly channel: number; readonly page: Page<P> }
  /** A page is refused (`read_err`). */
  | { readonly type: 'readErr'; readonly request: number; readonly code: number }
  /** The server asks to come back elsewhere or later (`away`). */
  | {
      readonly type: 'away';
      readonly reason: AwayReason;
      readonly slotMs: number;
      /** Where, if not to one of the endpoints in turn: a number beyond theirs, which is dialed once. */
      readonly endpoint?: number | undefined;
    }
  /** The peer ends the session for good (`bye`). */
  | { readonly type: 'bye' };
