/** A client of a tab that shares one socket with the other tabs of its browser. */

import type {
  Channel,
  ChannelOptions,
  Client,
  ClientEvents,
  ClientOptions,
  ConnectionSnapshot,
  HistoryPage,
  Payload,
  Platform,
  PlatformSignal,
  SendOptions,
  Ticket,
} from '../api.js';
import { EverlinkClient } from '../client/client.js';
import { Listeners } from '../client/listeners.js';
import { randomName } from '../driver/names.js';
import type { ConnectionInfo, ConnectionState, Guarantee, Settings } from '../engine/types.js';
import { browserPlatform } from '../platform/index.js';
import { environment, type StorageEnvironment } from '../storage/environment.js';
import { Election } from './election.js';
import type { LeaderStatus, LobbyMessage } from './messages.js';
import { Lobby, type TabScope } from './scope.js';
import { TabServer } from './server.js';
import { TabSocket } from './socket.js';

/** What a shared client may be told besides. */
export type SharedOptions = Omit<ClientOptions, 'tabs'> & {
  readonly tabs?: 'own' | 'shared' | undefined;
  /** What the browser gives; for tests. Default: the globals. */
  readonly environment?: Partial<Pick<StorageEnvironment, 'locks' | 'broadcast' | 'setTimer'>> | undefined;
};

/**
 * Makes a client that shares one socket with all tabs of this browser that make one with the same `name`.
 *
 * Where the browser has no Web Locks or no BroadcastChannel (a page without TLS), the tab gets a socket of its own:
 * `getSnapshot().tab` is `own` then.
 *
 * @throws ConfigError names the option or setting that cannot be used, the value, and what is accepted.
 */
export function createSharedClient(url: string | URL, options: SharedOptions = {}): Client {
  const { environment: given, tabs: _, ...rest } = options;
  const { locks, broadcast, setTimer } = environment(given);
  if (locks === undefined || broadcast === undefined) {
    options.logger?.warn(
      'everlink: no Web Locks or no BroadcastChannel here; this tab has a socket of its own',
    );
    return new EverlinkClient(url, rest);
  }
  const platform = browserPlatform(options.platform);
  const newName = () => randomName(platform.random);
  const name = `everlink:tabs:${options.name ?? String(url).split('?')[0]}`;
  return new SharedClient(url, rest, platform, { name, locks, broadcast, setTimer, newName });
}

class SharedClient implements Client {
  readonly #url: string | URL;
  readonly #options: ClientOptions;
  readonly #platform: Platform;
  readonly #scope: TabScope;
  readonly #inner: EverlinkClient;
  readonly #election: Election;
  readonly #sockets = new Set<TabSocket>();
  readonly #listeners = new Set<() => void>();
  readonly #events: Listeners<ClientEvents>;
  #server: TabServer | undefined;
  #lobby: Lobby | undefined;
  #stopSignals: (() => void) | undefined;
  #status: LeaderStatus | undefined;
  #snapshot: ConnectionSnapshot;

  constructor(url: string | URL, options: ClientOptions, platform: Platform, scope: TabScope) {
    this.#url = url;
    this.#options = options;
    this.#platform = platform;
    this.#scope = scope;
    // Settings are checked now, not when this tab happens to lead.
    this.#upstream(platform.openSocket);
    const { credentials: _, urls: __, ...rest } = options;
    const settings = { ...options.settings, ...TAB_SETTINGS };
    this.#inner = new EverlinkClient(url, { ...rest, settings, platform: this.#tabPlatform() });
    this.#election = new Election(scope, { won: () => this.#won(), lost: () => this.#lost() });
    this.#events = new Listeners((error, where) =>
      options.logger?.error(`everlink: ${where}`, { error: String(error) }),
    );
    this.#snapshot = this.#take();
    this.#inner.subscribe(() => this.#changed());
  }

  get state(): ConnectionState {
    return this.#inner.state;
  }

  get guarantee(): Guarantee {
    return this.#inner.guarantee;
  }

  connect(options?: { readonly signal?: AbortSignal }): Promise<void> {
    this.#begin();
    this.#lobby?.post({ type: 'retry', always: false });
    return this.#inner.connect(options);
  }

  reconnect(): void {
    this.#begin();
    this.#lobby?.post({ type: 'retry', always: true });
    this.#inner.reconnect();
  }

  async close(): Promise<void> {
    this.#stopSignals?.();
    this.#stopSignals = undefined;
    await this.#inner.close();
    this.#lobby?.close();
    this.#lobby = undefined;
    const server = this.#server;
    this.#election.stop();
    await server?.upstream.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#inner[Symbol.asyncDispose]();
  }

  info(): ConnectionInfo & { readonly url: string } {
    const info = this.#inner.info();
    const { latencyMs, quality } = this.getSnapshot();
    return { ...info, latencyMs, quality };
  }

  send(data: Payload, options?: SendOptions): Ticket {
    return this.#inner.send(data, options);
  }

  publish<T extends Payload>(channel: string, payload: T, options?: SendOptions): Ticket {
    return this.#inner.publish(channel, payload, options);
  }

  channel<T extends Payload = Payload>(name: string, options?: ChannelOptions): Channel<T> {
    return this.#inner.channel(name, options);
  }

  history<T extends Payload = Payload>(
    channel: string,
    options?: { readonly after?: number; readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<HistoryPage<T>> {
    return this.#inner.history(channel, options);
  }

  subscribe(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  getSnapshot(): ConnectionSnapshot {
    this.#refresh();
    return this.#snapshot;
  }

  addEventListener<K extends keyof ClientEvents>(
    type: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
    options?: AddEventListenerOptions,
  ): void {
    if (OF_THE_LEADER.has(type)) {
      this.#events.add(type, listener, options);
    } else {
      this.#inner.addEventListener(type, listener, options);
    }
  }

  removeEventListener<K extends keyof ClientEvents>(
    type: K,
    listener: (event: CustomEvent<ClientEvents[K]>) => void,
  ): void {
    this.#events.remove(type, listener);
    this.#inner.removeEventListener(type, listener);
  }

  // -------------------------------------------------------------------------------------------------------------
  // The lead

  #begin(): void {
    this.#stopSignals ??= this.#platform.onSignal((signal) => this.#signalled(signal));
    this.#lobby ??= new Lobby(this.#scope, (message) => this.#hear(message));
    this.#election.start();
  }

  #won(): void {
    this.#server = new TabServer(this.#scope, this.#platform.openSocket, (openSocket) =>
      this.#upstream(openSocket),
    );
    this.#changed();
  }

  #lost(): void {
    const server = this.#server;
    this.#server = undefined;
    server?.close().catch((error: unknown) => {
      this.#options.logger?.error('everlink: the lead', { error: String(error) });
    });
    this.#changed();
  }

  /** A page that is put away leads no longer, and keeps no place in line that it could not take. */
  #signalled(signal: PlatformSignal): void {
    if (signal === 'frozen' || signal === 'pagehide') {
      this.#election.stop();
      for (const socket of [...this.#sockets]) {
        socket.lose(1001, 'the page is put away');
      }
    } else if (signal === 'resumed' || signal === 'pageshow') {
      this.#election.start();
    }
  }

  #hear(message: LobbyMessage): void {
    if (message.type !== 'lead') {
      return;
    }
    const before = this.#status;
    this.#status = message.status;
    const { latencyMs, quality } = message.status;
    if (latencyMs !== undefined && latencyMs !== before?.latencyMs) {
      this.#events.tell('healthcheck', { latencyMs, quality });
    }
    if (before !== undefined && before.quality !== quality) {
      this.#events.tell('qualitychange', { from: before.quality, to: quality });
    }
    this.#changed();
  }

  /** The client that holds the real connection, in case this tab leads. */
  #upstream(openSocket: Platform['openSocket']): EverlinkClient {
    const { outbox: _, cursors: __, tabs: ___, ...rest } = this.#options;
    return new EverlinkClient(this.#url, { ...rest, platform: { ...this.#platform, openSocket } });
  }

  /** The network is the leader's business; this tab's way to it knows neither offline nor another network. */
  #tabPlatform(): Platform {
    const { onSignal } = this.#platform;
    return {
      ...this.#platform,
      openSocket: () => this.#openSocket(),
      isOnline: () => true,
      onSignal: (listener) => onSignal((signal) => !OF_THE_NETWORK.has(signal) && listener(signal)),
    };
  }

  #openSocket(): TabSocket {
    const socket = new TabSocket(this.#scope, {
      unanswered: () => this.#election.contend(),
      ended: () => this.#sockets.delete(socket),
    });
    this.#sockets.add(socket);
    return socket;
  }

  // -------------------------------------------------------------------------------------------------------------
  // What a page looks at

  #changed(): void {
    const before = this.#snapshot;
    this.#refresh();
    if (this.#snapshot !== before) {
      for (const listener of [...this.#listeners]) {
        try {
          listener();
        } catch (error) {
          this.#options.logger?.error('everlink: listener of the snapshot', { error: String(error) });
        }
      }
    }
  }

  #refresh(): void {
    const next = this.#take();
    const keys = Object.keys(next) as (keyof ConnectionSnapshot)[];
    if (!keys.every((key) => Object.is(next[key], this.#snapshot[key]))) {
      this.#snapshot = next;
    }
  }

  /** Its own state and queue; of the connection what the leader tells. */
  #take(): ConnectionSnapshot {
    const own = this.#inner.getSnapshot();
    const tab = this.#server === undefined ? 'follower' : 'leader';
    if (this.#status === undefined) {
      return Object.freeze({ ...own, tab });
    }
    const { attempts, nextAttemptAt, latencyMs, quality, lastError } = this.#status;
    const error = own.isConnected ? undefined : (lastError ?? own.lastError);
    return Object.freeze({ ...own, tab, attempts, nextAttemptAt, latencyMs, quality, lastError: error });
  }
}

/**
 * How a tab comes back to its leader: at once, as often as it takes, and waiting for as long as the leader waits for the
 * server. All else is as the application sets it.
 */
const TAB_SETTINGS: Partial<Settings> = {
  backoff: 'fixed',
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
  backoffFloorMs: 0,
  backoffAdaptive: false,
  jitter: 'none',
  returnWindowMs: 0,
  attemptsMax: false,
  reconnect: true,
  dialsPerMinute: false,
  slowMinMs: 1_000,
  slowMaxMs: 1_000,
  connectTimeoutMs: 300_000,
  breakerFailures: false,
  renewAfterMs: false,
  staleAfterMs: false,
  probeDials: false,
};

const OF_THE_LEADER: ReadonlySet<keyof ClientEvents> = new Set(['healthcheck', 'qualitychange'] as const);
const OF_THE_NETWORK: ReadonlySet<PlatformSignal> = new Set(['online', 'offline', 'networkchange'] as const);
