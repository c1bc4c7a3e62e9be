/** A connection as a page shows it (M10): with words, with metrics, and with what the application says itself. */

import type { ConnectionError, ConnectionSnapshot, ConnectionSource } from '../../api.js';
import type { ConnectionState, Quality } from '../../engine/types.js';
import type { Readable } from '../selection.js';
import { NO_SOURCE, SERVER_SNAPSHOT } from '../source.js';
import { durationChangeMs, stateText } from './words.js';

export interface ConnectionMetrics {
  readonly state: ConnectionState;
  readonly connected: boolean;
  /** How often it came back. */
  readonly reconnects: number;
  readonly queuedMessages: number;
  /** How long it has stood, as far as `status` shows it; 0 while it does not. */
  readonly connectionDurationMs: number;
  readonly latencyMs: number | undefined;
  readonly quality: Quality;
  readonly url: string;
}

/** What `useConnection()` returns. Replaced as a whole when something in it changed. */
export interface ConnectionView {
  readonly state: ConnectionState;
  readonly metrics: ConnectionMetrics;
  readonly lastError: ConnectionError | undefined;
  readonly isConnected: boolean;
  readonly isReconnecting: boolean;
  readonly hasQueuedMessages: boolean;
  /** In words: `Connected (45s)`. Changes once a second at first, later once a minute, then once an hour. */
  readonly status: string;
  /** Says a state until the connection's own changes next; for code that has a connection of another kind. */
  updateState(state: ConnectionState): void;
  /** Says metrics until the connection's state changes next. */
  updateMetrics(metrics: Partial<ConnectionMetrics>): void;
  /** Shows an error until it is cleared or the connection has another one. */
  setError(error: Error | ConnectionError): void;
  /** Hides the error that is there. */
  clearError(): void;
}

/** A store as `useConnection` reads it; also for code outside of components. */
export interface ConnectionStore extends Readable<ConnectionView> {
  /** The same as `getSnapshot`. */
  getState(): ConnectionView;
  readonly serverState: ConnectionView;
}

/** Returns the store of a connection; without one, that of the page, which only knows what it is told. */
export function connectionStore(source: ConnectionSource = NO_SOURCE): ConnectionStore {
  let store = stores.get(source);
  if (store === undefined) {
    store = new Store(source);
    stores.set(source, store);
  }
  return store;
}

interface Said {
  state?: ConnectionState;
  since?: number;
  metrics?: Partial<ConnectionMetrics>;
  /** `null` hides what there is. */
  error?: ConnectionError | null;
}

class Store implements ConnectionStore {
  readonly serverState: ConnectionView;
  readonly #source: ConnectionSource;
  readonly #listeners = new Set<() => void>();
  readonly #actions: Pick<ConnectionView, 'updateState' | 'updateMetrics' | 'setError' | 'clearError'>;
  #said: Said = {};
  #snapshot: ConnectionSnapshot;
  #view: ConnectionView;
  #stop: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: ConnectionSource) {
    this.#source = source;
    this.#actions = {
      updateState: (state) => this.#say({ state, ...(state === 'connected' && { since: Date.now() }) }),
      updateMetrics: (metrics) => this.#say({ metrics: { ...this.#said.metrics, ...metrics } }),
      setError: (error) => this.#say({ error: toConnectionError(error) }),
      clearError: () => this.#say({ error: null }),
    };
    this.serverState = Object.freeze({ ...viewOf(SERVER_SNAPSHOT, {}, 0), ...this.#actions });
    this.#snapshot = source.getSnapshot();
    this.#view = this.#build();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      this.#stop = this.#source.subscribe(() => this.#changed());
      this.#tick();
    }
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#stop?.();
      clearTimeout(this.#timer);
    };
  }

  getSnapshot = (): ConnectionView => {
    // A change that came while nobody listened, or before this listener of the source was called.
    if (this.#source.getSnapshot() !== this.#snapshot) this.#take();
    return this.#view;
  };

  getState(): ConnectionView {
    return this.getSnapshot();
  }

  #changed(): void {
    if (this.#source.getSnapshot() !== this.#snapshot) this.#take();
    this.#tell();
  }

  #take(): void {
    const before = this.#snapshot;
    this.#snapshot = this.#source.getSnapshot();
    if (before.state !== this.#snapshot.state) {
      delete this.#said.state;
      delete this.#said.metrics;
    }
    if (before.lastError !== this.#snapshot.lastError) delete this.#said.error;
    this.#view = this.#build();
  }

  #say(said: Said): void {
    this.#said = { ...this.#said, ...said };
    this.#view = this.#build();
    this.#tell();
  }

  #tell(): void {
    this.#schedule();
    for (const listener of this.#listeners) listener();
  }

  #tick(): void {
    const view = this.#build();
    if (view.status !== this.#view.status) {
      this.#view = view;
      this.#tell();
    } else {
      this.#schedule();
    }
  }

  /** Sets the timer for the next other word, if somebody reads and there will be one. */
  #schedule(): void {
    clearTimeout(this.#timer);
    const since = sinceOf(this.#snapshot, this.#said);
    if (since === undefined || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => this.#tick(), durationChangeMs(Math.max(0, Date.now() - since)));
  }

  #build(): ConnectionView {
    return Object.freeze({ ...viewOf(this.#snapshot, this.#said, Date.now()), ...this.#actions });
  }
}

function viewOf(snapshot: ConnectionSnapshot, said: Said, now: number) {
  const state = said.state ?? snapshot.state;
  const connected = state === 'connected';
  const since = sinceOf(snapshot, said);
  const metrics: ConnectionMetrics = {
    state,
    connected,
    reconnects: snapshot.reconnects,
    queuedMessages: snapshot.queuedMessages,
    connectionDurationMs: since === undefined ? 0 : Math.max(0, now - since),
    latencyMs: snapshot.latencyMs,
    quality: snapshot.quality,
    url: snapshot.url,
    ...said.metrics,
  };
  return {
    state,
    metrics: Object.freeze(metrics),
    lastError: said.error === undefined ? snapshot.lastError : (said.error ?? undefined),
    isConnected: connected,
    isReconnecting: said.state === undefined ? snapshot.isReconnecting : state === 'reconnecting',
    hasQueuedMessages: metrics.queuedMessages > 0,
    status: stateText(state, since === undefined ? undefined : metrics.connectionDurationMs),
  };
}

function sinceOf(snapshot: ConnectionSnapshot, said: Said): number | undefined {
  if ((said.state ?? snapshot.state) !== 'connected') return undefined;
  return said.state === undefined ? snapshot.connectedSince : said.since;
}

function toConnectionError(error: Error | ConnectionError): ConnectionError {
  if ('kind' in error) return error;
  const { name, message } = error;
  return { kind: 'server_error', message, cause: name, code: undefined, retrying: false, at: Date.now() };
}

const stores = new WeakMap<ConnectionSource, ConnectionStore>();
