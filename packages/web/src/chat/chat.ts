/** The chat page's messages. */

import type { Client } from '../api.js';
import { Outgoing, type LossReason, type OutgoingMessage } from '../conversation/outgoing.js';
import type { Frame } from '../conversation/place.js';
import { newProducer } from '../conversation/producer.js';
import { checkOptions, optionError } from '../options/check.js';
import { callOne } from '../options/listeners.js';
import { WebSocketManager } from './manager.js';
import { CHAT_RULES, type ChatWebSocketOptions } from './options.js';

/**
 * Messages and replies of one conversation, at `/ws/chat/{conversation}/`.
 *
 * After an outage what was stored meanwhile is told, each once, in order. A message that was sent and not confirmed is
 * sent again under its name, so that a server of ours stores it once.
 */
export class ChatWebSocketManager extends WebSocketManager {
  readonly #queueing: boolean;
  readonly #history: number;
  readonly #outgoing: Outgoing;
  #onChatMessage: ((data: Frame) => void) | undefined;
  #onChatReply: ((data: Frame) => void) | undefined;

  /** @throws ConfigError names the option that cannot be used, its value, and what is accepted. */
  constructor(options: ChatWebSocketOptions = {}) {
    checkOptions(OWNER, options, CHAT_RULES);
    if (options.outbox !== undefined && options.queueing !== true) {
      throw optionError(OWNER, 'queueing', options.queueing, 'true, where there is an `outbox`');
    }
    super({ owner: OWNER, prefix: 'ChatWS', path: 'chat' }, options);
    this.#queueing = options.queueing ?? false;
    this.#history = options.history ?? 0;
    this.#outgoing = new Outgoing({
      producer: newProducer(() => this.platform.random()),
      waitingMax: options.queueMax ?? QUEUE_MAX,
      overflow: 'refuse',
      onChange: () => this.waitingChanged(),
      onDrop: (message, reason) => this.#dropped(message, reason),
      onError: (error) => this.log.error('Storage error', { error }),
      store: options.outbox,
      wallClock: () => this.platform.wallClock(),
    });
  }

  /**
   * Sends a text. Returns false, with a warning, if it was not taken: the socket is not open and `queueing` is off, no
   * conversation was connected, or the queue is full.
   */
  sendMessage(text: string): boolean {
    const conversation = this.currentConvId;
    if (conversation === null || (!this.#queueing && !this.isConnected)) {
      this.log.warn('Cannot send - socket not open');
      return false;
    }
    return this.#outgoing.send(conversation, { type: 'message', message: text }, true) !== undefined;
  }

  /** Messages that are not confirmed by the server yet, the oldest first. */
  getUnconfirmed(): readonly OutgoingMessage[] {
    return this.#outgoing.messages;
  }

  /** Called for each message of a user. */
  setOnChatMessageCallback(callback: ((data: Frame) => void) | undefined): void {
    this.#onChatMessage = callback;
  }

  /** Called for each reply of an assistant. */
  setOnChatReplyCallback(callback: ((data: Frame) => void) | undefined): void {
    this.#onChatReply = callback;
  }

  protected override get waiting(): number {
    return this.#outgoing.waiting;
  }

  protected override get history(): number {
    return this.#history;
  }

  protected override attached(client: Client, conversation: string): void {
    this.#outgoing.attach(client, conversation);
  }

  protected override detached(): void {
    this.#outgoing.detach();
  }

  protected override opened(): void {
    this.#outgoing.pump();
    super.opened();
  }

  protected override closed(): void {
    this.#outgoing.lost();
    super.closed();
  }

  protected override moved(): void {
    this.#outgoing.moved();
  }

  protected override refusedAsTooBig(): void {
    this.#outgoing.tooBig();
  }

  protected override ready(): void {
    this.#outgoing.learn(true);
  }

  protected override acknowledged(frame: Frame): void {
    this.#outgoing.confirm(frame['id']);
  }

  protected override received(frame: Frame): void {
    if (frame['type'] !== 'connection_failed') {
      this.#outgoing.learn(false);
    }
    if (frame['type'] === 'error') {
      this.#outgoing.refuse(frame['id']);
    }
    super.received(frame);
    if (frame['type'] === 'chat_message') {
      callOne(this.#onChatMessage, this.reportListener, frame);
    } else if (frame['type'] === 'chat_reply') {
      callOne(this.#onChatReply, this.reportListener, frame);
    }
  }

  #dropped(message: OutgoingMessage, reason: LossReason): void {
    this.log.warn(`Message ${message.id} was dropped: ${reason}`);
    super.received({ type: 'message_dropped', id: message.id, conversation_id: message.channel, reason });
  }
}

const OWNER = 'ChatWebSocketManager';

/** Most messages that wait, if the options do not say. */
const QUEUE_MAX = 100;
