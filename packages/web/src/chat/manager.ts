/** What both sockets of the chat page have in common. */

import type { Client, ClientEvents, ConnectionError, ConnectionSnapshot, ConnectionSource, Platform } from '../api.js';
import { conversationClient } from '../conversation/connection.js';
import { withoutQuery } from '../conversation/endpoint.js';
import { ConversationPlace, type Frame } from '../conversation/place.js';
import { ConnectionRelay } from '../conversation/relay.js';
import type { Settings } from '../engine/types.js';
import { callEach, callOne, takeOut } from '../options/listeners.js';
import { LogLines } from '../options/log-lines.js';
import { browserPlatform } from '../platform/index.js';
import { engineSettings, managerUrl, type WebSocketManagerOptions } from './options.js';

/** What a listener gets: a frame of the server, or `{ type: 'connection_failed', attempts, error }`. */
export type ManagerMessage = Frame;

export type MessageListener = (data: ManagerMessage) => void;

/** Which socket a manager is for. */
export interface ManagerKind {
  /** Of the class, for errors. */
  readonly owner: string;
  /** Before each line on the console. */
  readonly prefix: string;
  /** In the path of the URL. */
  readonly path: string;
}

/**
 * One conversation's socket, which comes back: after 1, 2, 4, 8, 16 s, and then it gives up and says so
 * (`connection_failed`). When to dial and when a socket is dead is the engine's to say (profile `chatPage`).
 */
export abstract class WebSocketManager implements ConnectionSource {
  /** Who gets each message; see {@link onMessage}. */
  readonly listeners: MessageListener[] = [];
  /** The conversation that is connected or on its way back; null when there is none. */
  currentConvId: string | null = null;

  protected readonly log: LogLines;
  protected readonly platform: Pick<Platform, 'now' | 'wallClock' | 'setTimer' | 'random'>;
  readonly #kind: ManagerKind;
  readonly #options: WebSocketManagerOptions;
  readonly #settings: Partial<Settings>;
  readonly #relay: ConnectionRelay;
  /** How far the last conversation was read. */
  #place: { readonly of: string; readonly place: ConversationPlace } | undefined;
  #onOpen: (() => void) | undefined;
  #onClose: (() => void) | undefined;

  protected constructor(kind: ManagerKind, options: WebSocketManagerOptions) {
    this.#kind = kind;
    this.#options = options;
    this.#settings = engineSettings(options);
    this.log = new LogLines(kind.prefix, options.logger);
    this.platform = browserPlatform(options.platform);
    this.#relay = new ConnectionRelay('', () => this.waiting, this.reportListener);
  }

  /**
   * Connects to a conversation; another one is left first. Does nothing if this one is connected or on its way. The one that
   * was connected last is gone on with where it was left: what was stored meanwhile is told.
   *
   * @throws ConfigError when no URL can be made of it.
   */
  connect(conversationId: string): void {
    const url = managerUrl(this.#kind.owner, this.#options.baseUrl, this.#kind.path, conversationId);
    if (this.currentConvId === conversationId) {
      if (this.getSnapshot().state === 'error') {
        this.reconnect();
      }
      return;
    }
    this.disconnect();
    const client = this.#open(url, conversationId);
    this.currentConvId = conversationId;
    this.#relay.show(client);
    // What it would reject with is told by events.
    client.connect().catch(() => undefined);
    this.attached(client, conversationId);
  }

  /** Ends the connection; nothing is tried again. */
  disconnect(): void {
    const { client } = this.#relay;
    if (client === undefined) {
      return;
    }
    const wasConnected = this.isConnected;
    this.detached();
    this.currentConvId = null;
    this.#relay.show(undefined);
    client.close().catch(this.reportListener);
    if (wasConnected) {
      this.log.info('Connection closed: 1000');
      this.closed();
    }
  }

  /** Connects at once, after it gave up too; attempts count anew. */
  reconnect(): void {
    this.#relay.reconnect();
  }

  getIsConnected(): boolean {
    return this.isConnected;
  }

  get isConnected(): boolean {
    return this.getSnapshot().isConnected;
  }

  /** Whether an attempt is being made now, rather than waited for. */
  get isConnecting(): boolean {
    const { state, nextAttemptAt } = this.getSnapshot();
    return state === 'connecting' || (state === 'reconnecting' && nextAttemptAt === undefined);
  }

  /** Attempts since the connection was last stable. */
  get reconnectAttempts(): number {
    return this.getSnapshot().attempts;
  }

  subscribe(listener: () => void): () => void {
    return this.#relay.subscribe(listener);
  }

  getSnapshot(): ConnectionSnapshot {
    return this.#relay.getSnapshot();
  }

  /** Calls `listener` for each message. Returns how to stop it. */
  onMessage(listener: MessageListener): () => void {
    this.listeners.push(listener);
    return () => takeOut(this.listeners, listener);
  }

  /** Called each time the connection stands; a later one takes the place of this. */
  setOnOpenCallback(callback: (() => void) | undefined): void {
    this.#onOpen = callback;
  }

  /** Called each time a connection that stood is gone. */
  setOnCloseCallback(callback: (() => void) | undefined): void {
    this.#onClose = callback;
  }

  /** A client was made for a conversation. */
  protected attached(_client: Client, _conversation: string): void {}

  /** The client is left for good. */
  protected detached(): void {}

  /** The connection stands. */
  protected opened(): void {
    this.log.info('Connected successfully');
    callOne(this.#onOpen, this.reportListener);
  }

  /** The connection, which stood, is gone. */
  protected closed(): void {
    callOne(this.#onClose, this.reportListener);
  }

  /** Another socket took over while the connection stood. */
  protected moved(): void {}

  /** The server left because a message was too big for it. */
  protected refusedAsTooBig(): void {}

  /** The server told where it attached us. */
  protected ready(): void {}

  /** The server stored a message of ours. */
  protected acknowledged(_frame: Frame): void {}

  /** How many messages wait for the connection. */
  protected get waiting(): number {
    return 0;
  }

  /** {@link waiting} may have changed. */
  protected waitingChanged(): void {
    this.#relay.changed();
  }

  /** How many messages of the past are wanted first. */
  protected get history(): number {
    return 0;
  }

  /** A frame came, or something happened that listeners are told. */
  protected received(frame: Frame): void {
    callEach(this.listeners, this.reportListener, frame);
  }

  protected readonly reportListener = (error: unknown): void => {
    this.log.error('Listener error', { error });
  };

  #open(url: string, conversation: string): Client {
    const { credentials, platform } = this.#options;
    if (this.#place?.of !== conversation) {
      this.#place = { of: conversation, place: new ConversationPlace() };
    }
    const { place } = this.#place;
    const onDial = (dialed: string) => this.log.info(`Connecting to: ${withoutQuery(dialed)}`);
    const client = conversationClient(
      {
        url,
        place,
        profile: 'chatPage',
        dialect: 'json',
        settings: this.#settings,
        credentials,
        platform,
        resume: true,
        replay: this.history,
        onDial,
      },
      {
        onReady: () => this.#ifCurrent(client, () => this.ready()),
        onAck: (frame) => this.#ifCurrent(client, () => this.acknowledged(frame)),
        onFrame: (frame) => this.#ifCurrent(client, () => this.received(frame)),
      },
    );
    this.#listen(client);
    return client;
  }

  #listen(client: Client): void {
    const on = <K extends keyof ClientEvents>(type: K, run: (detail: ClientEvents[K]) => void) =>
      client.addEventListener(type, (event) => this.#ifCurrent(client, () => run(event.detail)));
    on('statechange', ({ from, to }) => {
      if (to === 'connected') {
        this.opened();
      } else if (from === 'connected') {
        this.closed();
      }
    });
    on('moved', () => this.moved());
    on('disconnected', ({ error }) => {
      this.#sayClosed(error);
      if (error.code === TOO_BIG) {
        this.refusedAsTooBig();
      }
    });
    on('attemptfailed', ({ error }) => this.#sayClosed(error));
    on('reconnecting', ({ attempt, delayMs }) => {
      const { attemptsMax } = this.#settings;
      const most = typeof attemptsMax === 'number' ? `/${attemptsMax}` : '';
      this.log.info(`Reconnecting in ${Math.round(delayMs)}ms (attempt ${attempt}${most})`);
    });
    on('reconnectfailed', ({ attempts, error }) => {
      this.log.error(`Connection failed after ${attempts} attempts: ${error.message}`);
      this.received({ type: 'connection_failed', attempts, error });
    });
    on('error', ({ error }) => this.reportListener(error));
  }

  #sayClosed(error: ConnectionError): void {
    this.log.info(`Connection closed: ${error.code ?? ABNORMAL}`);
  }

  /** A client that was left has no voice. */
  #ifCurrent(client: Client, run: () => void): void {
    if (this.#relay.client === client) {
      run();
    }
  }
}

/** A server closes with this when a message is too big for it (RFC 6455, section 7.4.1). */
const TOO_BIG = 1009;

/** What a browser says of a connection that ended without a close frame (RFC 6455, section 7.4.1). */
const ABNORMAL = 1006;
