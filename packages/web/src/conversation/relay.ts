/** A connection that outlives its clients: who looks at it need not notice that another conversation has another one. */

import type { Client, ConnectionSnapshot, ConnectionSource } from '../api.js';
import { closedSnapshot } from '../closed.js';
import { callEach } from '../options/listeners.js';

export class ConnectionRelay implements ConnectionSource {
  readonly #listeners = new Set<() => void>();
  readonly #waiting: () => number;
  readonly #report: (error: unknown) => void;
  readonly #closed: ConnectionSnapshot;
  #client: Client | undefined;
  #stop: (() => void) | undefined;
  /** What was shown last, and what it was made of. */
  #shown:
    | { readonly of: ConnectionSnapshot; readonly waiting: number; readonly snapshot: ConnectionSnapshot }
    | undefined;

  /** `waiting` is how many messages wait beside the client's own; `report` gets what a listener throws. */
  constructor(url: string, waiting: () => number, report: (error: unknown) => void) {
    this.#waiting = waiting;
    this.#report = report;
    this.#closed = closedSnapshot(url);
  }

  get client(): Client | undefined {
    return this.#client;
  }

  /** Looks at another client from now on, or at none: then the connection is closed. */
  show(client: Client | undefined): void {
    this.#stop?.();
    this.#client = client;
    this.#stop = client?.subscribe(() => this.changed());
    this.changed();
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
    const of = this.#client?.getSnapshot() ?? this.#closed;
    const waiting = this.#waiting();
    if (this.#shown?.of !== of || this.#shown.waiting !== waiting) {
      const snapshot =
        waiting === 0 ? of : Object.freeze({ ...of, queuedMessages: of.queuedMessages + waiting });
      this.#shown = { of, waiting, snapshot };
    }
    return this.#shown.snapshot;
  }

  reconnect(): void {
    this.#client?.reconnect();
  }

  /** Tells listeners, if there is something to tell. */
  changed(): void {
    const before = this.#shown?.snapshot;
    if (this.getSnapshot() !== before) {
      callEach(this.#listeners, this.#report);
    }
  }
}
