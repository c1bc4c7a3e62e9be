/** A connection that outlives its clients: who looks at it need not notice that another conversation has another one. */

import type { Client, ConnectionSnapshot, ConnectionSource } from '../api.js';
import { callEach } from '../options/listeners.js';

export class ConnectionRelay implements ConnectionSource {
  readonly #listeners = new Set<() => void>();
  readonly #report: (error: unknown) => void;
  #snapshot: ConnectionSnapshot;
  #client: Client | undefined;
  #stop: (() => void) | undefined;

  constructor(url: string, report: (error: unknown) => void) {
    this.#report = report;
    this.#snapshot = closed(url);
  }

  get client(): Client | undefined {
    return this.#client;
  }

  /** Looks at another client from now on, or at none: then the connection is closed, and at `url`. */
  show(client: Client | undefined, url?: string): void {
    this.#stop?.();
    this.#client = client;
    this.#stop = client?.subscribe(() => this.#changed());
    if (client === undefined) {
      this.#snapshot = closed(url ?? this.#snapshot.url);
    }
    this.#changed();
  }

  subscribe(listener: () => void): () => void {
    // Wrapped, so that one that is added twice is called twice and taken off once.
    const own = () => listener();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
    };
  }

  getSnapshot(): ConnectionSnapshot {
    return this.#client?.getSnapshot() ?? this.#snapshot;
  }

  reconnect(): void {
    this.#client?.reconnect();
  }

  #changed(): void {
    callEach(this.#listeners, this.#report);
  }
}

function closed(url: string): ConnectionSnapshot {
  return Object.freeze<ConnectionSnapshot>({
    state: 'closed',
    isConnected: false,
    isReconnecting: false,
    attempts: 0,
    nextAttemptAt: undefined,
    connectedSince: undefined,
    reconnects: 0,
    queuedMessages: 0,
    latencyMs: undefined,
    quality: 'unusable',
    guarantee: 'bestEffort',
    lastError: undefined,
    url,
    tab: 'own',
  });
}
