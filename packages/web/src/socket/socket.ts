/** A class that can stand where `WebSocket` stood, over a connection that comes back. */

import type { ClientOptions, Payload } from '../api.js';
import { EverlinkClient } from '../client/client.js';
import { Listeners } from '../client/listeners.js';
import { ConfigError } from '../engine/index.js';
import type { ConnectionState } from '../engine/types.js';

/** What the constructor takes besides a URL and subprotocols: everything of a client but its dialect. */
export type SocketOptions = Omit<ClientOptions, 'dialect' | 'protocols' | 'outbox' | 'cursors' | 'tabs'>;

interface SocketEvents {
  open: Event;
  message: MessageEvent;
  close: CloseEvent;
  error: Event;
}

type Handler<E> = ((event: E) => unknown) | null;

/**
 * Like `WebSocket`, but it stays: while the connection is away `readyState` is `CONNECTING` and what is sent waits. `open`
 * is told at each return; `close` once, when it is over for good: after `close()`, or when it was given up. `error` is told
 * at each loss and failed attempt.
 */
export class EverlinkSocket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  onopen: Handler<Event> = null;
  onmessage: Handler<MessageEvent> = null;
  onclose: Handler<CloseEvent> = null;
  onerror: Handler<Event> = null;
  /** What bytes come as. Default, as in browsers: `blob`. */
  binaryType: BinaryType = 'blob';
  readonly extensions = '';
  /** The connection itself: events, snapshots, `reconnect()`. */
  readonly client: EverlinkClient;
  private readonly listeners: Listeners<Record<keyof SocketEvents, never>>;
  private isClosing = false;
  private isOver = false;
  private end: { code: number; reason: string; wasClean: boolean } = {
    code: 1006,
    reason: '',
    wasClean: false,
  };

  constructor(url: string | URL, protocols: string | readonly string[] = [], options: SocketOptions = {}) {
    const list = typeof protocols === 'string' ? [protocols] : protocols;
    this.client = new EverlinkClient(url, { ...options, dialect: 'plain', protocols: list });
    this.listeners = new Listeners((error, where) => {
      console.error(`everlink: ${where}:`, error);
    });
    this.client.addEventListener('message', ({ detail }) => this.received(detail.data));
    this.client.addEventListener('statechange', ({ detail }) => this.changed(detail.to));
    const failed = (): void => this.tell('error', new Event('error'));
    this.client.addEventListener('disconnected', ({ detail }) => {
      const { code, message } = detail.error;
      this.end = { code: code ?? 1006, reason: message, wasClean: false };
      failed();
    });
    this.client.addEventListener('attemptfailed', failed);
    this.client.reconnect();
  }

  get url(): string {
    return this.client.info().url;
  }

  /** What was agreed with the server now; empty while the connection is away. */
  get protocol(): string {
    return this.client.protocol;
  }

  get readyState(): 0 | 1 | 2 | 3 {
    if (this.isOver) return this.CLOSED;
    if (this.isClosing) return this.CLOSING;
    return this.client.state === 'connected' ? this.OPEN : this.CONNECTING;
  }

  /** Bytes that were sent and are not with the system yet. */
  get bufferedAmount(): number {
    return this.client.info().queuedBytes;
  }

  /** Sends a message, or queues it while the connection is away. Unlike `WebSocket` it does so while connecting too. */
  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (this.isClosing || this.isOver) return;
    if (typeof Blob === 'function' && data instanceof Blob) {
      throw new ConfigError(
        'data',
        'send: found a Blob; accepted: a text, an ArrayBuffer or a view of one: await blob.arrayBuffer()',
      );
    }
    const ticket = this.client.send(toPayload(data as string | ArrayBufferLike | ArrayBufferView));
    if (ticket.status === 'dropped') {
      this.tell('error', new Event('error'));
    }
  }

  /** Ends it for good. Codes are those that `WebSocket` takes; the server is told 1000 where it is another. */
  close(code?: number, reason = ''): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new ConfigError('code', `close: found ${code}; accepted: 1000, or 3000 to 4999`);
    }
    if (this.isClosing || this.isOver) return;
    this.isClosing = true;
    this.end = { code: code ?? 1005, reason, wasClean: true };
    void this.client[Symbol.asyncDispose]().then(() => this.over());
  }

  addEventListener<K extends keyof SocketEvents>(
    type: K,
    listener: (event: SocketEvents[K]) => void,
    options?: AddEventListenerOptions,
  ): void {
    this.listeners.add(type, listener as never, options);
  }

  removeEventListener<K extends keyof SocketEvents>(
    type: K,
    listener: (event: SocketEvents[K]) => void,
  ): void {
    this.listeners.remove(type, listener as never);
  }

  private received(data: Payload): void {
    if (this.isClosing) return;
    let value: unknown = data;
    if (data instanceof Uint8Array) {
      const bytes = data.buffer.byteLength === data.byteLength ? data : data.slice();
      value = this.binaryType === 'arraybuffer' ? bytes.buffer : new Blob([bytes as BlobPart]);
    }
    this.tell('message', new MessageEvent('message', { data: value }));
  }

  private changed(to: ConnectionState): void {
    if (to === 'connected') this.tell('open', new Event('open'));
    // Given up: nothing more happens unless somebody asks `client.reconnect()`.
    else if (to === 'error') this.over();
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.tell('close', closeEvent(this.end));
  }

  private tell<K extends keyof SocketEvents>(type: K, event: SocketEvents[K]): void {
    const handler = this[`on${type}`] as Handler<SocketEvents[K]>;
    try {
      handler?.call(this, event);
    } catch (error) {
      console.error(`everlink: on${type}:`, error);
    }
    this.listeners.dispatch(type, event);
  }
}

function toPayload(data: string | ArrayBufferLike | ArrayBufferView): Payload {
  if (typeof data === 'string') return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}

/** Node has no such event. */
function closeEvent(end: { code: number; reason: string; wasClean: boolean }): CloseEvent {
  if (typeof CloseEvent === 'function') return new CloseEvent('close', end);
  return Object.assign(new Event('close'), end) as CloseEvent;
}
