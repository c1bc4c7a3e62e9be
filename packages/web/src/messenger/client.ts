/** The messenger's client: one conversation, over a socket that comes back. */

import type { Client, ClientEvents, ConnectionError, ConnectionSnapshot, ConnectionSource, Json, Platform } from '../api.js';
import { conversationClient } from '../conversation/connection.js';
import { restOrigin } from '../conversation/endpoint.js';
import { Outgoing, type LossReason, type OutgoingMessage } from '../conversation/outgoing.js';
import { ConversationPlace, type Frame } from '../conversation/place.js';
import { newProducer } from '../conversation/producer.js';
import { ConnectionRelay } from '../conversation/relay.js';
import type { Settings } from '../engine/types.js';
import { callOne } from '../options/listeners.js';
import { LogLines } from '../options/log-lines.js';
import { browserPlatform } from '../platform/index.js';
import { MessageList, type MessengerMessage } from './message-list.js';
import { checkMessenger, engineSettings, type MessengerOptions, QUEUE_MAX, type WsHandlers } from './options.js';
import { persist, type PersistedFields } from './persist.js';
import { inWords, type WebSocketState } from './states.js';

export interface ConnectionMetrics {
  readonly state: WebSocketState;
  readonly connected: boolean;
  /** How often it came back. */
  readonly reconnects: number;
  /** Messages that wait to be sent. */
  readonly queuedMessages: number;
  /** How long this connection has stood; 0 while it does not. */
  readonly connectionDurationMs: number;
  readonly url: string;
}

/**
 * One conversation's messages (profile `messenger`): after an outage it has every message that was stored meanwhile, each
 * once, without being asked. What is sent while it is away waits (100 messages, the oldest goes first and is reported),
 * and goes out in order.
 *
 * The queue ends with the page. What must survive that goes into an `OfflineQueue`.
 */
export class MessengerClient implements ConnectionSource {
  readonly #url: URL;
  readonly #given: string;
  readonly #handlers: WsHandlers;
  readonly #options: MessengerOptions;
  readonly #settings: Partial<Settings>;
  readonly #platform: Pick<Platform, 'wallClock' | 'random'>;
  readonly #log: LogLines;
  readonly #relay: ConnectionRelay;
  readonly #outgoing: Outgoing;
  readonly #messages: MessageList;
  readonly #place = new ConversationPlace();
  readonly #producer: string;
  #posted = 0;
  /** Of the clients before this one. */
  #reconnectsBefore = 0;

  /** @throws ConfigError names the option that cannot be used, its value, and what is accepted. */
  constructor(url: string, handlers: WsHandlers = {}, options: MessengerOptions = {}) {
    this.#url = checkMessenger(url, handlers, options);
    this.#given = url;
    this.#handlers = handlers;
    this.#options = options;
    this.#settings = engineSettings(options);
    this.#platform = browserPlatform(options.platform);
    this.#log = new LogLines('WebSocket', options.logger);
    this.#relay = new ConnectionRelay(url, () => this.#outgoing.waiting, this.#report);
    this.#messages = new MessageList(options.messagesMax ?? MESSAGES_MAX);
    this.#producer = newProducer(() => this.#platform.random());
    this.#outgoing = new Outgoing({
      producer: this.#producer,
      waitingMax: options.queueMax ?? QUEUE_MAX,
      overflow: 'dropOldest',
      onChange: () => this.#relay.changed(),
      onDrop: (message, reason) => this.#dropped(message, reason),
      onError: this.#report,
      wallClock: () => this.#platform.wallClock(),
    });
  }

  /** Connects, and keeps the connection until {@link disconnect}. Does nothing while it does that already. */
  connect(): void {
    const { client } = this.#relay;
    if (client !== undefined) {
      if (client.state === 'error') {
        client.reconnect();
      }
      return;
    }
    this.#open();
  }

  /** Ends the connection; nothing is tried again, and what waits is dropped and reported. */
  disconnect(): void {
    const { client } = this.#relay;
    this.#outgoing.detach();
    if (client === undefined) {
      return;
    }
    const { state, reconnects } = client.getSnapshot();
    this.#reconnectsBefore += reconnects;
    this.#relay.show(undefined);
    client.close().catch(this.#report);
    if (state === 'closed') {
      return;
    }
    if (state === 'connected') {
      callOne(this.#handlers.onClose, this.#report);
    }
    this.#tellState(inWords(state), 'CLOSED');
  }

  /** Connects at once, after it gave up too; attempts count anew. */
  reconnect(): void {
    if (this.#relay.client === undefined) {
      this.connect();
    } else {
      this.#relay.reconnect();
    }
  }

  /**
   * Sends a message, or keeps it until the connection is there. A `message` is stored by the server, once; what has another
   * type is handed on to the others and not kept.
   */
  send(type: string, payload?: Json): void {
    const frame = payload === undefined ? { type } : { type, payload };
    this.#outgoing.send(this.#conversation, frame, type === 'message');
  }

  /** Tells the others that somebody is typing: now or never, it does not wait for a connection. */
  sendTyping(conversationId: string, userId: string): void {
    const frame = { type: 'typing', conversation_id: conversationId, user_id: userId, typing: true };
    this.#relay.client?.send(frame, { policy: 'volatile' });
  }

  /**
   * Has the server store a message by REST; it comes back over the socket as everybody's. With the same `id` it can be
   * asked again and is stored once.
   *
   * @throws PersistError with what the server said, or that it did not answer.
   */
  persist(fields: PersistedFields, options: { readonly id?: string; readonly signal?: AbortSignal } = {}): Promise<Frame> {
    this.#posted += 1;
    const id = options.id ?? `${this.#producer}:post:${this.#posted}`;
    const { apiBase, credentials, fetch = globalThis.fetch.bind(globalThis) } = this.#options;
    const base = (apiBase ?? restOrigin(this.#url.href)).replace(/\/+$/, '');
    return persist({ base, conversation: this.#conversation, fetch, credentials }, id, fields, options.signal);
  }

  /** Drops what waits to be sent; each is reported. */
  clear(): void {
    this.#outgoing.clear();
  }

  getState(): WebSocketState {
    return inWords(this.getSnapshot().state);
  }

  getMetrics(): ConnectionMetrics {
    const { state, isConnected, reconnects, connectedSince, queuedMessages } = this.getSnapshot();
    return {
      state: inWords(state),
      connected: isConnected,
      reconnects: this.#reconnectsBefore + reconnects,
      queuedMessages,
      connectionDurationMs: connectedSince === undefined ? 0 : Math.max(0, this.#platform.wallClock() - connectedSince),
      url: this.#given,
    };
  }

  /** Messages that are not confirmed by the server yet, the oldest first, each with its `attempts`. */
  getUnconfirmed(): readonly OutgoingMessage[] {
    return this.#outgoing.messages;
  }

  /** The newest messages of the conversation, sorted by `sequence_number`, each once. The same list until it changes. */
  getMessages(): readonly MessengerMessage[] {
    return this.#messages.all;
  }

  subscribe(listener: () => void): () => void {
    return this.#relay.subscribe(listener);
  }

  getSnapshot(): ConnectionSnapshot {
    return this.#relay.getSnapshot();
  }

  get #conversation(): string {
    return this.#url.searchParams.get('conversation_id') ?? '';
  }

  #open(): void {
    const { credentials, platform, resume = true } = this.#options;
    const client = conversationClient(
      {
        url: this.#url.href,
        place: this.#place,
        profile: 'messenger',
        dialect: 'json',
        settings: this.#settings,
        credentials,
        platform,
        resume,
      },
      {
        onReady: (frame) => this.#ifCurrent(client, () => this.#ready(frame)),
        onAck: (frame) => this.#ifCurrent(client, () => this.#outgoing.confirm(frame['id'])),
        onFrame: (frame) => this.#ifCurrent(client, () => this.#received(frame)),
      },
    );
    this.#listen(client);
    this.#relay.show(client);
    // What it would reject with is told by events.
    client.connect().catch(() => undefined);
    this.#outgoing.attach(client, this.#conversation);
  }

  #listen(client: Client): void {
    const on = <K extends keyof ClientEvents>(type: K, run: (detail: ClientEvents[K]) => void) =>
      client.addEventListener(type, (event) => this.#ifCurrent(client, () => run(event.detail)));
    on('statechange', ({ from, to }) => {
      this.#stateChanged(inWords(from), inWords(to));
    });
    on('reconnecting', ({ attempt, delayMs }) => {
      const { attemptsMax } = this.#settings;
      const most = typeof attemptsMax === 'number' ? `/${attemptsMax}` : '';
      this.#log.info(`Reconnect attempt ${attempt}${most} in ${Math.round(delayMs)}ms`);
    });
    on('moved', () => this.#outgoing.moved());
    on('disconnected', ({ error }) => error.code === TOO_BIG && this.#outgoing.tooBig());
    for (const type of ['disconnected', 'attemptfailed', 'reconnectfailed'] as const) {
      on(type, ({ error }) => this.#failed(error));
    }
    on('error', ({ error }) => this.#report(error));
  }

  #stateChanged(from: WebSocketState, to: WebSocketState): void {
    if (from === 'CONNECTED') {
      this.#outgoing.lost();
    }
    if (to === 'CONNECTED') {
      this.#log.info('Connected');
      this.#outgoing.pump();
    }
    this.#tellState(from, to);
    if (to === 'CONNECTED') {
      callOne(this.#handlers.onOpen, this.#report);
    } else if (from === 'CONNECTED') {
      callOne(this.#handlers.onClose, this.#report);
    }
  }

  #tellState(from: WebSocketState, to: WebSocketState): void {
    this.#log.info(`State: ${from} → ${to}`);
    callOne(this.#handlers.onStateChange, this.#report, to);
  }

  #ready(frame: Frame): void {
    this.#messages.begin(frame['epoch']);
    this.#outgoing.learn(true);
  }

  #received(frame: Frame): void {
    this.#outgoing.learn(false);
    switch (frame['type']) {
      case 'typing':
        if (frame['typing'] !== false) {
          callOne(this.#handlers.onTyping, this.#report, word(frame['conversation_id']), word(frame['user_id']));
        }
        return;
      case 'error':
        this.#outgoing.refuse(frame['id']);
        this.#failed({
          kind: 'server_error',
          message: `The server said: ${word(frame['message'])}`,
          cause: 'server',
          code: typeof frame['code'] === 'number' ? frame['code'] : undefined,
          retrying: false,
          at: this.#platform.wallClock(),
        });
        return;
      default:
        this.#messages.add(frame);
        callOne(this.#handlers.onMessage, this.#report, frame);
    }
  }

  #failed(error: ConnectionError): void {
    callOne(this.#handlers.onError, this.#report, error);
  }

  #dropped(message: OutgoingMessage, reason: LossReason): void {
    const { onDrop } = this.#handlers;
    const { type, payload } = message.frame;
    if (onDrop === undefined) {
      this.#log.warn(`Message ${message.id} was dropped: ${reason}`);
    } else {
      callOne(onDrop, this.#report, { type: word(type), payload, attempts: message.attempts, reason });
    }
  }

  readonly #report = (error: unknown): void => {
    this.#log.error('Handler error', { error });
  };

  #ifCurrent(client: Client, run: () => void): void {
    if (this.#relay.client === client) {
      run();
    }
  }
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A server closes with this when a message is too big for it (RFC 6455, section 7.4.1). */
const TOO_BIG = 1009;

/** Most messages that are kept in the list, if the options do not say. */
const MESSAGES_MAX = 1000;
