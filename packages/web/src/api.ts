/**
 * What the parts of the package say to each other and to their users: types only, no code.
 *
 * The engine's own vocabulary stands in `engine/types.ts`; here are the client, its channels, what a page looks
 * at, and what the platform must give.
 */

import type {
  ConnectionInfo,
  ConnectionState,
  Cursor,
  DialectName,
  Guarantee,
  Profile,
  Quality,
  Settings,
  VerdictOverride,
} from './engine/types.js';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What is published: bytes, or anything that JSON can say. */
export type Payload = Json | Uint8Array;

// ---------------------------------------------------------------------------------------------------------------
// What a page looks at

/**
 * Anything that has a connection: {@link EverlinkClient} and every manager. Fits `useSyncExternalStore`.
 */
export interface ConnectionSource {
  /** Calls `listener` after each change of the snapshot. Returns how to stop it. */
  subscribe(listener: () => void): () => void;
  /** The same object until something in it changed; a message that comes changes nothing. */
  getSnapshot(): ConnectionSnapshot;
  /** Connects at once, from any state, `error` included; attempts count anew (X06). */
  reconnect(): void;
}

/** How a connection is: frozen, and replaced as a whole. */
export interface ConnectionSnapshot {
  readonly state: ConnectionState;
  readonly isConnected: boolean;
  readonly isReconnecting: boolean;
  /** Retries since the connection was last stable. */
  readonly attempts: number;
  /** When the next attempt is made, in milliseconds since 1970; only while one is waited for. */
  readonly nextAttemptAt: number | undefined;
  /** Since when it stands, in milliseconds since 1970; only while it does. */
  readonly connectedSince: number | undefined;
  /** How often it came back. */
  readonly reconnects: number;
  readonly queuedMessages: number;
  /** Smoothed round trip in milliseconds; undefined before the first heartbeat was answered. */
  readonly latencyMs: number | undefined;
  readonly quality: Quality;
  readonly guarantee: Guarantee;
  /** Why it is not connected, or why the last loss happened; cleared when it is back. */
  readonly lastError: ConnectionError | undefined;
  /** The endpoint in use, without credentials. */
  readonly url: string;
  /** Whether this page holds the socket, or another tab does for it (see {@link ClientOptions.tabs}). */
  readonly tab: 'own' | 'leader' | 'follower';
}

/** An error in the words of those who use a page (M11). */
export interface ConnectionError {
  /**
   * `connection_error`: could not connect, trying again. `connection_lost`: was connected, coming back.
   * `server_error`: the server said no, `message` says what. `gave_up`: no further attempt is made by itself.
   */
  readonly kind: 'connection_error' | 'connection_lost' | 'server_error' | 'gave_up';
  readonly message: string;
  /** The engine's cause, such as `refused`, `heartbeat`, `closed` with its code; for logs and for programs. */
  readonly cause: string;
  readonly code: number | undefined;
  readonly retrying: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
}

// ---------------------------------------------------------------------------------------------------------------
// Sending

/** Where a message is on its way. It only goes forward. */
export type TicketStatus = 'queued' | 'sent' | 'acked' | 'dropped';

/** Why a message will not be sent, or not be stored. */
export type DropReason =
  | 'dropped_oldest'
  | 'coalesced'
  | 'not_connected'
  | 'cleared'
  | 'refused'
  | 'too_big'
  | 'queue_full'
  | 'withdrawn'
  | 'closed';

/** What became of a message. */
export type Settlement =
  | {
      readonly status: 'acked' /** Its place in the channel's log, where it is known: an acknowledgement of several tells that of the last. */;
      readonly offset: number | undefined;
    }
  | {
      /** With the browser: a server that does not acknowledge lets nobody know more. */ readonly status: 'sent';
    }
  | { readonly status: 'dropped'; readonly reason: DropReason; readonly code: number | undefined };

/** A message on its way out. Never rejects: a drop is an outcome. Ignore it freely. */
export interface Ticket {
  /** Numbers the messages of one client, upwards. */
  readonly id: number;
  readonly status: TicketStatus;
  /** Resolves once the outcome is known for good. */
  readonly settled: Promise<Settlement>;
  /**
   * Resolves once the message would survive a crash of the page, at once where nothing durable is asked for; rejects if it
   * could not be stored. Where the disk is full or there is none, it is sent all the same as long as this page lives:
   * {@link settled} says what becomes of it.
   */
  readonly stored: Promise<void>;
  /** Calls `listener` at each change of {@link status}. Returns how to stop it. */
  onChange(listener: (ticket: Ticket) => void): () => void;
}

/** What becomes of one message when it cannot be sent now; the setting `overflow` decides without. */
export type SendPolicy = 'fail' | 'dropOldest' | 'volatile' | { readonly coalesce: string };

export interface SendOptions {
  readonly policy?: SendPolicy;
  /**
   * Aborted before the message was ever handed to a connection, it is dropped with reason `withdrawn`. One that was goes
   * its way, also while it waits to be sent again: nobody could say truthfully that it will not arrive.
   */
  readonly signal?: AbortSignal;
}

// ---------------------------------------------------------------------------------------------------------------
// Channels with logs

/** Where reading begins. `stored` is the durable cursor if there is one, else now. */
export type Start = 'now' | 'beginning' | 'stored' | Cursor;

export interface ChannelMessage<T extends Payload = Payload> {
  readonly type: 'message';
  readonly channel: string;
  readonly epoch: number;
  /** Its place in the log: 1, 2, 3, without holes. */
  readonly offset: number;
  /** Names the message for good: the same in every client and after every replay. */
  readonly id: string;
  readonly producer: string;
  readonly sequence: number;
  /** Who sent it, where the server knows users. */
  readonly user: string | undefined;
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number;
  readonly payload: T;
  /** Whether this client published it. */
  readonly own: boolean;
  /** Whether it was stored before this client asked for the channel. */
  readonly replayed: boolean;
  /** Notes it as handled; only needed with `ack: 'manual'`. */
  ack(): void;
}

/** A range that will not come, in its place in the order. */
export interface ChannelGap {
  readonly type: 'gap';
  readonly channel: string;
  readonly from: number;
  readonly to: number;
  readonly cause: 'expired' | 'epoch' | 'slow';
}

/** A value beside the log: said now, never again. */
export interface ChannelVolatile<T extends Payload = Payload> {
  readonly type: 'volatile';
  readonly channel: string;
  readonly key: string;
  readonly user: string | undefined;
  readonly payload: T;
}

/** A last value beside the log: told again at each attach. */
export interface ChannelRetained<T extends Payload = Payload> {
  readonly type: 'retained';
  readonly channel: string;
  readonly key: string;
  readonly version: number;
  readonly payload: T;
}

/** The replay up to the head at the attach is complete, and live messages follow. */
export interface ChannelCaughtUp {
  readonly type: 'caughtUp';
  readonly channel: string;
  readonly head: number;
}

/** The server refuses the channel; nothing more comes. */
export interface ChannelRefused {
  readonly type: 'refused';
  readonly channel: string;
  readonly code: number;
  readonly why: string;
}

export type ChannelItem<T extends Payload = Payload> =
  | ChannelMessage<T>
  | ChannelGap
  | ChannelVolatile
  | ChannelRetained
  | ChannelCaughtUp
  | ChannelRefused;

export interface ChannelOptions {
  /** Where reading begins, for each reader of a channel by itself. Default: `stored`. */
  readonly from?: Start;
  /** When a message counts as handled for the durable cursor. Default: `auto`, once its listener or loop body has returned. */
  readonly ack?: 'auto' | 'manual';
  /** Ends reading as `close` does. */
  readonly signal?: AbortSignal;
  /** Most items that wait for a reader; beyond that the channel is given up and read on from its cursor later. Default: 256. Range: 1 to 65536. */
  readonly itemsMax?: number;
}

/**
 * A channel that is read. Each reader gets every item once, in order. Who iterates and listens at once gets every item in both
 * ways, at the pace of the loop.
 */
export interface Channel<T extends Payload = Payload> extends AsyncIterable<ChannelItem<T>>, AsyncDisposable {
  readonly name: string;
  /** Calls `listener` for each item; one that throws harms nobody else. Returns how to stop it. */
  onItem(listener: (item: ChannelItem<T>) => void): () => void;
  publish(payload: T, options?: SendOptions): Ticket;
  /** Says something now or not at all: typing, a cursor on a page. Returns whether it is on its way. */
  volatile(key: string, payload: Payload): boolean;
  /** The last value of a kind. */
  retained(key: string): ChannelRetained | undefined;
  /** How far it was handled. */
  readonly cursor: Cursor | undefined;
  close(): void;
}

/** A page of a channel's history. */
export interface HistoryPage<T extends Payload = Payload> {
  readonly epoch: number;
  /** The first offset that the log still has. */
  readonly first: number;
  /** The last offset in it; 0 when it is empty. */
  readonly head: number;
  readonly messages: readonly ChannelMessage<T>[];
  /** What to give as `after` for the next page; undefined at the head. */
  readonly next: number | undefined;
}

// ---------------------------------------------------------------------------------------------------------------
// Events

/** The events of a client, by the name that `addEventListener` takes. `detail` holds what is told. */
export interface ClientEvents {
  statechange: { from: ConnectionState; to: ConnectionState };
  connected: { guarantee: Guarantee };
  disconnected: { error: ConnectionError; uptimeMs: number };
  reconnecting: { attempt: number; delayMs: number };
  attemptfailed: { attempt: number; error: ConnectionError };
  reconnected: { attempts: number; downtimeMs: number };
  reconnectfailed: { attempts: number; error: ConnectionError };
  qualitychange: { from: Quality; to: Quality };
  healthcheck: { latencyMs: number; quality: Quality };
  /** A message that belongs to no channel (dialects `plain` and `json`). */
  message: { data: Payload };
  /** A message was dropped; its ticket says so too. */
  dropped: { ticket: Ticket; reason: DropReason };
  /** These messages were on their way when the connection was lost: they may or may not have arrived. */
  indoubt: { first: number; last: number };
  /** These were sent again after the server may have forgotten them: each may be stored twice. */
  maybedoubled: { first: number; last: number };
  gap: ChannelGap;
  /** The server asked for a move; it needs nothing from the application. */
  away: { slotMs: number };
  moved: Record<string, never>;
  supervised: { cause: 'stale' | 'surrender' | 'age'; attempt: number };
  breaker: { open: boolean };
  /** Something of the application's own threw (a listener, a credentials source), or storage failed. The connection goes on. */
  error: { error: unknown; where: string };
}

// ---------------------------------------------------------------------------------------------------------------
// Making a client

export interface CredentialsRequest {
  /** Whether kept credentials were refused: ask for fresh ones. */
  readonly refresh: boolean;
  readonly attempt: number;
  readonly url: string;
  readonly signal: AbortSignal;
}

export interface Credentials {
  /** Goes into the greeting (dialect `everlink`) or the subprotocols `bearer` and itself; never into the URL. */
  readonly token: string;
  /** Milliseconds since 1970; read from a JWT where it is missing. Renewed after four fifths of its time. */
  readonly expiresAt?: number;
}

export interface Logger {
  debug(text: string, fields?: Record<string, unknown>): void;
  info(text: string, fields?: Record<string, unknown>): void;
  warn(text: string, fields?: Record<string, unknown>): void;
  error(text: string, fields?: Record<string, unknown>): void;
}

export interface ClientOptions {
  /** Default: `standard`. */
  readonly profile?: Profile | undefined;
  /** Default: the profile's; `everlink` for `standard`. */
  readonly dialect?: Extract<DialectName, 'everlink' | 'json' | 'plain'> | undefined;
  /** Overrides of the profile, such as `{ backoffMaxMs: 10_000 }`. One that cannot be used throws a `ConfigError`. */
  readonly settings?: Partial<Settings> | undefined;
  /** What to do after some causes instead of what the engine's table says; the first that covers a cause counts. */
  readonly verdicts?: readonly VerdictOverride[] | undefined;
  /** Further URLs, tried in turn after a failed attempt. */
  readonly urls?: readonly string[] | undefined;
  /** Subprotocols for dialects that have none of their own. */
  readonly protocols?: readonly string[] | undefined;
  /** Asked before each attempt. */
  readonly credentials?:
    | ((request: CredentialsRequest) => Credentials | undefined | Promise<Credentials | undefined>)
    | undefined;
  /** Keeps publishes until they are acknowledged, across reloads and crashes. Default: none. */
  readonly outbox?: OutboxStore | undefined;
  /** Keeps how far each channel was handled. Default: none. */
  readonly cursors?: CursorStore | undefined;
  /** Whether the tabs of one browser share one socket. Default: `own`. Needs Web Locks and BroadcastChannel. */
  readonly tabs?: 'own' | 'shared' | undefined;
  /** Stands in logs, and names what tabs and stores share. Default: the first URL without its query. */
  readonly name?: string | undefined;
  /** Default: none; lifecycle steps at info, never a token or a payload. */
  readonly logger?: Logger | undefined;
  /** What the browser gives; for tests and other runtimes. Default: the globals. */
  readonly platform?: Partial<Platform> | undefined;
}

// ---------------------------------------------------------------------------------------------------------------
// What is kept on disk

/** A numbered publish that no acknowledgement was seen for. It keeps its number for ever. */
export interface OutboxEntry {
  readonly channel: string;
  readonly producer: string;
  readonly sequence: number;
  /** The number before it, where that is not `sequence - 1`. */
  readonly before: number | undefined;
  readonly payload: Payload;
  /** Milliseconds since 1970. */
  readonly takenAt: number;
}

export type OutboxKey = Pick<OutboxEntry, 'channel' | 'producer' | 'sequence'>;

/** A durable outbox that several tabs share; each page has a producer of its own, and one drains what others left. */
export interface OutboxStore {
  /** Opens it for a page whose producer this is; from now on the page is known to live. */
  open(producer: string): Promise<void>;
  /** Resolves once they would survive a crash. Rejects with what is wrong (quota, blocked), and then nothing was taken. */
  put(entries: readonly OutboxEntry[]): Promise<void>;
  remove(keys: readonly OutboxKey[]): Promise<void>;
  /**
   * Hands over, in order, what pages that no longer live left: at once, and again whenever another page ends. Each entry
   * goes to one living page.
   */
  onLeft(listener: (entries: readonly OutboxEntry[]) => void): () => void;
  close(): Promise<void>;
}

export interface CursorStore {
  load(channel: string): Promise<Cursor | undefined>;
  /** Keeps it soon; the newest of a channel counts. */
  save(channel: string, cursor: Cursor): void;
  /** Resolves once all that was saved is kept. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

// ---------------------------------------------------------------------------------------------------------------
// What the platform gives

/** The part of `WebSocket` that is used. */
export type SocketLike = Pick<
  WebSocket,
  | 'binaryType'
  | 'bufferedAmount'
  | 'close'
  | 'protocol'
  | 'readyState'
  | 'send'
  | 'onopen'
  | 'onmessage'
  | 'onclose'
  | 'onerror'
>;

/** News of the page and its network. */
export type PlatformSignal =
  | 'online'
  | 'offline'
  | 'visible'
  | 'hidden'
  | 'frozen'
  | 'resumed'
  | 'pagehide'
  | 'pageshow'
  | 'networkchange';

export interface Platform {
  /** Milliseconds on a clock that never goes back (and, where there is one, that runs during sleep). */
  now(): number;
  /** Milliseconds since 1970. */
  wallClock(): number;
  /** Calls `run` once, not before `at` on the clock of `now`. Returns how to cancel it. */
  setTimer(at: number, run: () => void): () => void;
  /** Opens a socket; throws where the URL or a subprotocol cannot be used. */
  openSocket(url: string, protocols: readonly string[]): SocketLike;
  /** 32 random bits. */
  random(): number;
  /** Whether the platform believes that there is a network. */
  isOnline(): boolean;
  /** Calls `listener` for news of page and network. Returns how to stop it. */
  onSignal(listener: (signal: PlatformSignal) => void): () => void;
}

// ---------------------------------------------------------------------------------------------------------------
// The client

/** `EverlinkClient` implements this; `import { EverlinkClient } from 'everlink'`. */
export interface Client extends ConnectionSource, AsyncDisposable {
  readonly state: ConnectionState;
  readonly guarantee: Guarantee;
  /** Resolves once it stands; rejects with a {@link ConnectionError} when it gave up, or with the signal's reason. */
  connect(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Ends the connection for good: what is queued is dropped (a durable outbox keeps it), no timer and no socket is left. */
  close(): Promise<void>;
  info(): ConnectionInfo & { readonly url: string };
  /** Sends a message that belongs to no channel (dialects `plain` and `json`). */
  send(data: Payload, options?: SendOptions): Ticket;
  /** Publishes to a channel's log (dialect `everlink`): stored once, in order. */
  publish<T extends Payload>(channel: string, payload: T, options?: SendOptions): Ticket;
  /** Reads a channel, until it is closed, across every reconnect. */
  channel<T extends Payload = Payload>(name: string, options?: ChannelOptions): Channel<T>;
  history<T extends Payload = Payload>(
    channel: string,
    options?: { readonly after?: number; readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<HistoryPage<T>>;
  addEventListener<K extends keyof ClientEvents>(
    type: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
    options?: AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof ClientEvents>(
    type: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
  ): void;
}
