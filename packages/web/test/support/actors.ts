/** What can be killed and frozen in tests, with the locks and broadcast channels that it has in a browser. */

import type { LockTable } from './locks.js';

export class Actor {
  readonly locks: LockManager;
  isAlive = true;
  #isFrozen = false;
  #held: (() => void)[] = [];
  readonly #table: LockTable;
  readonly #air: Air;

  constructor(table: LockTable, air: Air) {
    this.#table = table;
    this.#air = air;
    this.locks = this.#guardLocks(table.manager(this));
  }

  /** Runs its code: later if it is frozen, never if it is dead. */
  run(code: () => void): void {
    if (this.isAlive && this.#isFrozen) {
      this.#held.push(code);
    } else if (this.isAlive) {
      code();
    }
  }

  channel(name: string): BroadcastChannel {
    return this.#air.channel(name, this) as unknown as BroadcastChannel;
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const code of this.#held.splice(0)) {
      this.run(code);
    }
  }

  /** Ends as by kill -9: its locks are free, its channels are silent, nothing of it runs. */
  kill(): void {
    this.isAlive = false;
    this.#air.end(this);
    this.#table.end(this);
  }

  #guardLocks(manager: LockManager): LockManager {
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

  channel(name: string, actor: Actor): AirChannel {
    const channel = new AirChannel(this, name, actor);
    const known = this.#channels.get(name) ?? new Set();
    known.add(channel);
    this.#channels.set(name, known);
    return channel;
  }

  onPost: ((name: string, data: unknown) => void) | undefined;

  post(name: string, data: unknown, from?: AirChannel): void {
    this.onPost?.(name, data);
    for (const channel of this.#channels.get(name) ?? []) {
      if (channel !== from) {
        const copy: unknown = structuredClone(data);
        queueMicrotask(() => channel.actor.run(() => channel.onmessage?.({ data: copy })));
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

  end(actor: Actor): void {
    for (const known of [...this.#channels.values()]) {
      for (const channel of [...known]) {
        if (channel.actor === actor) {
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
    readonly actor: Actor,
  ) {}

  postMessage(data: unknown): void {
    this.actor.run(() => this.air.post(this.name, data, this));
  }

  close(): void {
    this.onmessage = null;
    this.air.close(this);
  }
}
