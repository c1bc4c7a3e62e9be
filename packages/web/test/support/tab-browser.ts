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
import { Actor, Air } from './actors.js';
import { LockTable } from './locks.js';

export const URL = 'wss://chat.test/ws';

export class TabBrowser {
  readonly world: VirtualPlatform;
  readonly server: EverlinkServer;
  readonly locks = new LockTable();
  readonly air = new Air();

  constructor(options: EverlinkServerOptions = {}, seed = 1) {
    const world = virtualPlatform(seed);
    // Times on the wire are whole milliseconds.
    this.world = Object.assign(world, { wallClock: whole(world.wallClock) });
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
  readonly #actor: Actor;

  constructor(browser: TabBrowser, options: SharedOptions) {
    this.#browser = browser;
    this.#actor = new Actor(browser.locks, browser.air);
    const environment = {
      locks: this.#actor.locks,
      broadcast: (name: string) => this.#actor.channel(name),
      setTimer: (delayMs: number, run: () => void) => this.#setTimer(browser.world.now() + delayMs, run),
    };
    this.client = createSharedClient(URL, {
      environment,
      ...options,
      platform: { ...this.#platform(), ...options.platform },
    });
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
    this.#actor.freeze();
  }

  thaw(): void {
    this.#actor.thaw();
    this.signal('resumed');
  }

  /** Ends as by kill -9; its sockets are reset. */
  kill(): void {
    this.#actor.kill();
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
    return this.#browser.world.setTimer(at, () => this.#actor.run(run));
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
          isHandler ? (event: unknown) => this.#actor.run(() => handler(event)) : value,
        );
      },
    });
  }
}

export function whole(clock: () => number): () => number {
  return () => Math.floor(clock());
}
