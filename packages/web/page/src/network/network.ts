/** A network that can be broken on purpose: what the page gives its client in the place of the browser's. */

import type { Platform, PlatformSignal, SocketLike } from '../../../src/api.js';
import { BreakableSocket, type Conditions, refusedSocket } from './socket.js';

/** How the network is broken; replaced as a whole when it changes. */
export interface Weather {
  readonly offline: boolean;
  /** Sockets that stand and carry nothing. */
  readonly frozen: number;
  /** Added to every round trip, in milliseconds. */
  readonly latencyMs: number;
}

/** The network that there really is. */
export type Below = Pick<Platform, 'isOnline' | 'onSignal' | 'openSocket'>;

/** Sockets, signals of the network, and the ways to break them. */
export class BreakableNetwork {
  readonly #below: Below;
  readonly #sockets = new Set<BreakableSocket>();
  readonly #watchers = new Set<() => void>();
  readonly #signals = new Set<(signal: PlatformSignal) => void>();
  #weather: Weather = Object.freeze({ offline: false, frozen: 0, latencyMs: 0 });

  constructor(below: Below) {
    this.#below = below;
  }

  /** What a client takes in the place of the browser's own. */
  platform(): Below {
    return {
      openSocket: (url, protocols) => this.#open(url, protocols),
      isOnline: () => !this.#weather.offline && this.#below.isOnline(),
      onSignal: (listener) => {
        this.#signals.add(listener);
        const stop = this.#below.onSignal((signal) => {
          // While it plays offline, the browser's own network does not count.
          if (!this.#weather.offline || signal !== 'online') listener(signal);
        });
        return () => {
          this.#signals.delete(listener);
          stop();
        };
      },
    };
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly getSnapshot = (): Weather => this.#weather;

  /** Ends every socket at once, as a reset does. Returns how many there were. */
  cut(): number {
    const sockets = [...this.#sockets];
    for (const socket of sockets) socket.cut();
    return sockets.length;
  }

  /** Lets nothing through on the sockets that stand; later ones are well. Returns how many there were. */
  freeze(): number {
    const sockets = [...this.#sockets].filter((socket) => !socket.isFrozen);
    for (const socket of sockets) socket.freeze();
    this.#count();
    return sockets.length;
  }

  setOffline(offline: boolean): void {
    if (offline === this.#weather.offline) return;
    this.#change({ offline });
    if (offline) this.cut();
    for (const listener of this.#signals) listener(offline ? 'offline' : 'online');
  }

  /** @param latencyMs added to every round trip. Range: 0 to 3000. */
  setLatency(latencyMs: number): void {
    this.#change({ latencyMs: Math.min(Math.max(latencyMs, 0), LATENCY_MS_MAX) || 0 });
  }

  #open(url: string, protocols: readonly string[]): SocketLike {
    if (this.#weather.offline) return refusedSocket(after);
    const conditions: Conditions = {
      delayMs: () => this.#weather.latencyMs / 2,
      after,
    };
    const socket = new BreakableSocket(this.#below.openSocket(url, protocols), conditions, (ended) => {
      this.#sockets.delete(ended);
      this.#count();
    });
    this.#sockets.add(socket);
    return socket;
  }

  #count(): void {
    this.#change({ frozen: [...this.#sockets].filter((socket) => socket.isFrozen).length });
  }

  #change(change: Partial<Weather>): void {
    this.#weather = Object.freeze({ ...this.#weather, ...change });
    for (const watcher of this.#watchers) watcher();
  }
}

function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

export const LATENCY_MS_MAX = 3000;
