/**
 * A browser with tabs in virtual time: they share locks, broadcast channels and a network, and each can be killed, or
 * frozen with or without being told.
 */

import type { Platform, PlatformSignal, SocketLike } from '../../src/api.js';
import { createSharedClient, type SharedOptions } from '../../src/tabs/index.js';
import {
  EverlinkServer,
  type EverlinkServerOptions,
  type VirtualPlatform,
  virtualPlatform,
} from '../../src/testing.js';
import { LockTable } from './locks.js';

export const URL = 'wss://chat.test/ws';

export class TabBrowser {
  readonly world: VirtualPlatform;
  readonly server: EverlinkServer;
  readonly locks = new LockTable();
  readonly air = new Air();

  constructor(options: EverlinkServerOptions = {}, seed = 1) {
    this.world = virtualPlatform(seed);
    this.server = new EverlinkServer(this.world, URL, options);
  }

  tab(options: SharedOptions = {}): Tab {
    return new Tab(this, options);
  }
}

/** One tab with a client that shares its socket. */
export class Tab {
  readonly client: ReturnType<typeof createSharedClient>;
  readonly #browser: TabBrowser;
  readonly #listeners = new Set<(signal: PlatformSignal) => void>();
  readonly #sockets = new Set<{ cut(): void }>();
  #isAlive = true;
  #isFrozen = false;
  #held: (() => void)[] = [];

  constructor(browser: TabBrowser, options: SharedOptions) {
    this.#browser = browser;
    const environment = {
      locks: this.#locks(),
      broadcast: (name: string) => browser.air.channel(name, this) as unknown as BroadcastChannel,
      setTimer: (delayMs: number, run: () => void) => this.#setTimer(browser.world.now() + delayMs, run),
    };
    this.client = createSharedClient(URL, {
      environment,
      ...options,
      platform: { ...this.#platform(), ...options.platform },
    });
  }

  /** Runs code of this tab: later if it is frozen, never if it is dead. */
  run(code: () => void): void {
    if (this.#isAlive && this.#isFrozen) {
      this.#held.push(code);
    } else if (this.#isAlive) {
      code();
    }
  }

  signal(signal: PlatformSignal): void {
    for (const listener of [...this.#listeners]) {
      listener(signal);
    }
  }

  /** Nothing of it runs from now on. It is told before, as by a browser that follows the specification, or not. */
  freeze(isTold: boolean): void {
    if (isTold) {
      this.signal('frozen');
    }
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const code of this.#held.splice(0)) {
      this.run(code);
    }
    this.signal('resumed');
  }

  /** Ends as by kill -9: its sockets are reset, its locks are free, its channels are silent. */
  kill(): void {
    this.#isAlive = false;
    this.#browser.air.end(this);
    this.#browser.locks.end(this);
    for (const socket of this.#sockets) {
      socket.cut();
    }
  }

  #platform(): Platform {
    const { world } = this.#browser;
    return {
      now: () => world.now(),
      wallClock: () => world.wallClock(),
      random: () => world.random(),
      isOnline: () => world.isOnline(),
      setTimer: (at, run) => this.#setTimer(at, run),
      openSocket: (url, protocols) => this.#openSocket(url, protocols),
      onSignal: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  #setTimer(at: number, run: () => void): () => void {
    return this.#browser.world.setTimer(at, () => this.run(run));
  }

  #openSocket(url: string, protocols: readonly string[]): SocketLike {
    const socket = this.#browser.world.openSocket(url, protocols);
    this.#sockets.add(socket as unknown as { cut(): void });
    return new Proxy(socket, {
      get: (target, key) => {
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
      set: (target, key, value: unknown) => {
        const handler = value as ((event: unknown) => void) | null;
        const isHandler = typeof key === 'string' && key.startsWith('on') && handler !== null;
        return Reflect.set(
          target,
          key,
          isHandler ? (event: unknown) => this.run(() => handler(event)) : value,
        );
      },
    });
  }

  #locks(): LockManager {
    const manager = this.#browser.locks.manager(this);
    const guarded = (run: (lock: Lock | null) => unknown) => (lock: Lock | null) =>
      new Promise((resolve, reject) =>
        this.run(
          () =>
            void Promise.resolve()
              .then(() => run(lock))
              .then(resolve, reject),
        ),
      );
    return {
      query: () => manager.query(),
      request: (name: string, options: LockOptions, run: (lock: Lock | null) => unknown) =>
        new Promise<unknown>((resolve, reject) => {
          manager.request(name, options, guarded(run) as never).then(
            (value: unknown) => this.run(() => resolve(value)),
            (error: unknown) => this.run(() => reject(error)),
          );
        }),
    } as unknown as LockManager;
  }
}

/** Broadcast channels of one browser: what is posted is cloned, and comes to all others of the name, in order. */
export class Air {
  readonly #channels = new Map<string, Set<AirChannel>>();
  /** Listens in. */
  onPost: ((name: string, data: unknown) => void) | undefined;

  channel(name: string, tab: Tab): AirChannel {
    const channel = new AirChannel(this, name, tab);
    const known = this.#channels.get(name) ?? new Set();
    known.add(channel);
    this.#channels.set(name, known);
    return channel;
  }

  post(name: string, data: unknown, from?: AirChannel): void {
    this.onPost?.(name, data);
    for (const channel of this.#channels.get(name) ?? []) {
      if (channel !== from) {
        const copy: unknown = structuredClone(data);
        queueMicrotask(() => channel.tab.run(() => channel.onmessage?.({ data: copy })));
      }
    }
  }

  close(channel: AirChannel): void {
    const known = this.#channels.get(channel.name);
    known?.delete(channel);
    if (known?.size === 0) {
      this.#channels.delete(channel.name);
    }
  }

  end(tab: Tab): void {
    for (const known of [...this.#channels.values()]) {
      for (const channel of [...known]) {
        if (channel.tab === tab) {
          channel.close();
        }
      }
    }
  }

  get names(): string[] {
    return [...this.#channels.keys()];
  }
}

class AirChannel {
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(
    readonly air: Air,
    readonly name: string,
    readonly tab: Tab,
  ) {}

  postMessage(data: unknown): void {
    this.tab.run(() => this.air.post(this.name, data, this));
  }

  close(): void {
    this.onmessage = null;
    this.air.close(this);
  }
}
