/** A durable queue beside any client: what is said while there is no connection is delivered later, once. */

import type { ConnectionSource, PlatformSignal } from '../api.js';
import { environment, type StorageEnvironment } from './environment.js';
import { StorageError, storageError } from './errors.js';
import { exclusively, type Turn } from './exclusive.js';
import { checkedLimits, type OutboxLimits, RETRY_MS } from './limits.js';
import { type OfflineInput, type OfflineMessage, toOfflineRow } from './offline-message.js';
import { OfflineRefusal, type OfflineSend, type RestOptions, restSend } from './offline-send.js';
import { OfflineTable, type Placed } from './offline-table.js';
import { reporter, type StorageOptions } from './outbox.js';

export interface OfflineQueueOptions extends StorageOptions {
  /** Tabs with the same name share the queue and its bounds. Default: `default`. */
  readonly name?: string | undefined;
  readonly limits?: Partial<OutboxLimits> | undefined;
  /** Where `drain` delivers unless it is told otherwise: to our server's REST endpoint. */
  readonly rest?: RestOptions | undefined;
  /** Instead of `rest`. */
  readonly send?: OfflineSend | undefined;
  /** Told once the server will never take a message. It stays in `list()`, and is not sent again by itself. */
  readonly onRefused?: ((message: OfflineMessage) => void) | undefined;
}

/** What a delivery led to. */
export interface DrainResult {
  /** How many the server has confirmed. */
  readonly delivered: number;
  /** How many it will never take. */
  readonly refused: number;
  /** What kept others back, by conversation; they are still in the queue. */
  readonly failed: ReadonlyMap<string, unknown>;
  /** Whether this page had its turn: `false` where another page was delivering, or this one was put away. */
  readonly complete: boolean;
}

/**
 * A durable outbox for messages (M06). A message is on disk when `enqueue` resolves, and stays until the server has
 * confirmed it: through reloads, crashes and lost answers. It keeps its id, by which the server knows a second copy.
 *
 * Tabs share a queue. One of them delivers at a time, in the order of each conversation.
 */
export class OfflineQueue {
  readonly #name: string;
  readonly #page = randomId();
  readonly #environment: StorageEnvironment;
  readonly #table: OfflineTable;
  readonly #send: OfflineSend | undefined;
  readonly #onRefused: ((message: OfflineMessage) => void) | undefined;
  readonly #report: (error: StorageError) => void;
  readonly #enqueued = new Set<() => void>();
  readonly #stopSignals: () => void;
  #drain = new AbortController();
  #draining: Promise<DrainResult> | undefined;
  #following: Promise<DrainResult> | undefined;
  #isClosed = false;

  /** @throws StorageError (`invalid`) if a limit is out of its range. */
  constructor(options: OfflineQueueOptions = {}) {
    this.#name = `everlink:offline:${options.name ?? 'default'}`;
    this.#environment = environment(options.environment);
    this.#report = reporter(options);
    const limits = checkedLimits(this.#name, options.limits);
    this.#table = new OfflineTable(this.#name, limits, this.#environment, this.#report);
    this.#send = options.send ?? (options.rest && restSend(options.rest));
    this.#onRefused = options.onRefused;
    this.#stopSignals = this.#environment.onSignal((signal) => {
      if (signal === 'frozen' || signal === 'pagehide') {
        this.#drain.abort(); // A page that is put away must not keep others from delivering.
        this.#table.release();
      }
    });
  }

  /**
   * Keeps a message. Resolves with its id once it would survive a crash.
   *
   * @throws StorageError says what is wrong (`full`, `quota`, `invalid`, …); then it was not taken.
   */
  async enqueue(input: OfflineInput): Promise<string> {
    const row = toOfflineRow(this.#name, input, randomId(), this.#environment.wallClock());
    await this.#table.add(row);
    for (const listener of this.#enqueued) {
      listener();
    }
    return row.id;
  }

  /** How many wait, those included that were refused. */
  size(): Promise<number> {
    return this.#table.size();
  }

  /** All that wait, in the order in which they were enqueued. */
  list(): Promise<readonly OfflineMessage[]> {
    return this.#table.list();
  }

  /** Takes one out. Returns whether it was there. One that is on its way may still arrive. */
  async remove(id: string): Promise<boolean> {
    return (await this.#table.remove((message) => message.id === id)) > 0;
  }

  /** Lets a message be sent again that was refused. */
  retry(id: string): Promise<void> {
    return this.#table.refuse(id, undefined);
  }

  /** Takes all out. Returns how many there were. */
  clear(): Promise<number> {
    return this.#table.remove();
  }

  /**
   * Delivers what waits: each conversation in order, and until one of its messages fails. Where this page is delivering
   * already, one more delivery follows that one, for all who asked meanwhile.
   *
   * @throws StorageError if the store cannot be used, or nobody said how to send.
   */
  drain(send: OfflineSend | undefined = this.#send): Promise<DrainResult> {
    if (send === undefined) {
      const text = 'nothing says how to send; give rest or send to the queue, or a function to drain()';
      return Promise.reject(new StorageError('invalid', this.#name, text));
    }
    if (this.#draining !== undefined) {
      // The delivery that runs may have looked already where a new message stands now.
      this.#following ??= this.#draining
        .catch(() => undefined) // Told to whoever asked for that one.
        .then(() => {
          this.#following = undefined;
          return this.drain(send);
        });
      return this.#following;
    }
    this.#draining = this.#exclusively(send).finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  /**
   * Delivers by itself from now on: at once, when a message is enqueued, when the network or the page comes back, and
   * when `source` is connected; after a failure also once in a while. Returns how to stop it.
   */
  start(source?: ConnectionSource, send?: OfflineSend): () => void {
    let cancel: (() => void) | undefined;
    let isConnected = source?.getSnapshot().isConnected ?? false;
    let isStopped = false;
    const run = () => {
      cancel?.();
      cancel = undefined;
      if (isStopped) {
        return;
      }
      this.drain(send ?? this.#send).then(
        (result) => (result.complete && result.failed.size === 0 ? undefined : later()),
        (error: unknown) => {
          if (!isStopped) {
            this.#report(storageError(this.#name, error));
            later();
          }
        },
      );
    };
    const later = () => {
      if (!isStopped && !this.#isClosed) {
        cancel ??= this.#environment.setTimer(RETRY_MS, run);
      }
    };
    const stops = [
      this.#environment.onSignal((signal) => RETURNS.has(signal) && run()),
      source?.subscribe(() => {
        const was = isConnected;
        isConnected = source.getSnapshot().isConnected;
        if (isConnected && !was) {
          run();
        }
      }),
    ];
    this.#enqueued.add(run);
    run();
    return () => {
      isStopped = true;
      cancel?.();
      this.#enqueued.delete(run);
      for (const stop of stops) {
        stop?.();
      }
    };
  }

  /** Stops delivering, and lets the database go. What waits stays. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopSignals();
    this.#enqueued.clear();
    this.#drain.abort();
    await this.#following?.catch(() => undefined); // Whoever asked for it was told.
    await this.#draining?.catch(() => undefined);
    this.#table.close();
  }

  async #exclusively(send: OfflineSend): Promise<DrainResult> {
    this.#drain = new AbortController();
    const { signal } = this.#drain;
    if (this.#isClosed) {
      throw new StorageError('closed', this.#name, 'was closed; make a new one');
    }
    const work = (turn: Turn) => this.#deliverAll(send, turn, signal);
    const result = await exclusively(
      `${this.#name}:drain`,
      this.#page,
      this.#environment,
      this.#table,
      signal,
      work,
    );
    return result ?? { delivered: 0, refused: 0, failed: new Map(), complete: false };
  }

  async #deliverAll(send: OfflineSend, turn: Turn, signal: AbortSignal): Promise<DrainResult> {
    const failed = new Map<string, unknown>();
    const waits = (conversationId: string) => failed.has(conversationId);
    let [delivered, refused, place, complete] = [0, 0, 0, true];
    for (;;) {
      const next = await this.#table.next(place, waits);
      if (next === undefined) {
        break;
      }
      if (!(await turn.holds())) {
        complete = false;
        break;
      }
      place = next.place;
      try {
        const outcome = await this.#deliver(next, send, signal);
        delivered += outcome === 'delivered' ? 1 : 0;
        refused += outcome === 'refused' ? 1 : 0;
      } catch (error) {
        failed.set(next.message.conversationId, error);
      }
    }
    return { delivered, refused, failed, complete };
  }

  async #deliver(
    { place, message }: Placed,
    send: OfflineSend,
    signal: AbortSignal,
  ): Promise<'delivered' | 'refused'> {
    try {
      await send(message, signal);
    } catch (error) {
      if (!(error instanceof OfflineRefusal)) {
        throw error;
      }
      const refused = { status: error.status, why: error.message };
      await this.#table.refuse(message.id, refused);
      this.#tellRefused({ ...message, refused });
      return 'refused';
    }
    await this.#table.delivered(place);
    return 'delivered';
  }

  #tellRefused(message: OfflineMessage): void {
    try {
      this.#onRefused?.(message);
    } catch (error) {
      this.#report(storageError(this.#name, error));
    }
  }
}

/** `randomUUID` exists in secure contexts only. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))]
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

const RETURNS: ReadonlySet<PlatformSignal> = new Set(['online', 'visible', 'resumed', 'pageshow'] as const);
