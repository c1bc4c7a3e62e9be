/** The client: a connection that comes back, its messages and its channels. */

import type {
  Channel,
  ChannelOptions,
  Client,
  ClientEvents,
  ClientOptions,
  ConnectionSnapshot,
  HistoryPage,
  Payload,
  SendOptions,
  Ticket,
} from '../api.js';
import { ConfigError } from '../engine/index.js';
import type { ConnectionInfo, ConnectionState, Guarantee } from '../engine/types.js';
import { browserPlatform } from '../platform/index.js';
import { Core } from './core.js';
import { type HistoryOptions, within } from './history.js';
import { assemble, shown } from './options.js';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * A WebSocket connection that comes back, keeps what is sent while it is down, and reads channels without a loss.
 *
 * Nothing happens before `connect()` or `reconnect()`; after `close()` no timer, socket or listener is left.
 */
export class EverlinkClient implements Client {
  private readonly core: Core;
  private readonly waiters = new Set<Waiter>();
  private closing: Promise<void> | undefined;

  /**
   * @param url where to connect: `ws`, `wss`, `http` or `https`, relative to the page where there is one.
   * @throws ConfigError names the option or setting that cannot be used, the value, and what is accepted.
   */
  constructor(
    url: string | URL,
    private readonly options: ClientOptions = {},
  ) {
    const platform = browserPlatform(options.platform);
    if (options.tabs === 'shared') {
      throw new ConfigError(
        'tabs',
        'tabs: found shared; accepted here: own; a client that shares its socket is made by createSharedClient',
      );
    }
    const parts = assemble(url, options, platform);
    this.core = new Core(parts, options, platform, options.name ?? shown(parts.urls[0] as string));
    this.core.onState = () => this.stateChanged();
    freeWithClient(this, parts.engine);
  }

  get state(): ConnectionState {
    return this.core.info().state;
  }

  get guarantee(): Guarantee {
    return this.core.info().guarantee;
  }

  /** The subprotocol that was agreed on; empty while the connection is away. */
  get protocol(): string {
    return this.core.driver.protocol;
  }

  async connect({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted();
    this.open(this.state === 'error' ? 'reconnect' : 'connect');
    const { state } = this;
    if (state === 'connected') return;
    if (state === 'error') throw this.gaveUp();
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        resolve: () => {
          over();
          resolve();
        },
        reject: (error) => {
          over();
          reject(error);
        },
      };
      const aborted = (): void => waiter.reject(signal?.reason);
      const over = (): void => {
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', aborted);
      };
      this.waiters.add(waiter);
      signal?.addEventListener('abort', aborted);
    });
  }

  reconnect(): void {
    this.open('reconnect');
  }

  close(): Promise<void> {
    this.closing ??= this.end().finally(() => {
      this.closing = undefined;
    });
    return this.closing;
  }

  /** Closes it, and gives the memory of its engine back: it cannot be connected again. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.core.free();
    await this.options.cursors?.close();
  }

  info(): ConnectionInfo & { readonly url: string } {
    return this.core.info();
  }

  send(data: Payload, options: SendOptions = {}): Ticket {
    return this.core.sender.send(data, options);
  }

  publish<T extends Payload>(channel: string, payload: T, options: SendOptions = {}): Ticket {
    return this.core.sender.publish(channel, payload, options);
  }

  channel<T extends Payload = Payload>(name: string, options: ChannelOptions = {}): Channel<T> {
    const itemsMax = within('itemsMax', options.itemsMax ?? 256, 1, 65_536);
    const reader = this.core.hub(name).open(options, itemsMax);
    const { signal } = options;
    if (signal?.aborted) reader.close();
    else signal?.addEventListener('abort', () => reader.close(), { once: true });
    return reader as unknown as Channel<T>;
  }

  async history<T extends Payload = Payload>(
    channel: string,
    options: HistoryOptions = {},
  ): Promise<HistoryPage<T>> {
    const page = await this.core.page(channel, options);
    return page as HistoryPage<T>;
  }

  subscribe(listener: () => void): () => void {
    return this.core.snapshots.subscribe(listener);
  }

  getSnapshot(): ConnectionSnapshot {
    return this.core.snapshots.get();
  }

  addEventListener<K extends keyof ClientEvents>(
    type: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
    options?: AddEventListenerOptions,
  ): void {
    this.core.listeners.add(type, listener, options);
  }

  removeEventListener<K extends keyof ClientEvents>(
    type: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
  ): void {
    this.core.listeners.remove(type, listener);
  }

  private open(type: 'connect' | 'reconnect'): void {
    this.core.sender.staging?.start();
    this.core.input({ type });
    this.core.sender.staging?.send();
  }

  private async end(): Promise<void> {
    const { core } = this;
    core.input({ type: 'disconnect' });
    core.closeReaders();
    await Promise.all([core.idle(), core.sender.staging?.close(), this.options.cursors?.flush()]);
    if (core.sender.staging !== undefined) core.parts.v1?.renewProducer();
  }

  private gaveUp(): Error {
    return this.core.lastError ?? new Error('everlink: the engine broke, or was disposed of');
  }

  private stateChanged(): void {
    const { state } = this;
    for (const waiter of [...this.waiters]) {
      if (state === 'connected') waiter.resolve();
      else if (state === 'error') waiter.reject(this.gaveUp());
      else if (state === 'closed') waiter.reject(new Error('everlink: the client was closed'));
    }
  }
}

/** The memory of an engine is not the page's: whoever forgets a client without disposing of it gives it back here. */
function freeWithClient(client: EverlinkClient, engine: { free(): void }): void {
  if (typeof FinalizationRegistry !== 'function') return;
  registry ??= new FinalizationRegistry((forgotten) => forgotten.free());
  registry.register(client, engine);
}

let registry: FinalizationRegistry<{ free(): void }> | undefined;
