/** What happens to the connections of a page, by the names that its components know. */

import type { Client, ClientEvents, ConnectionError, Logger } from '../api.js';
import type { ConnectionInfo, Quality, Settings } from '../engine/types.js';
import { optionError } from '../options/check.js';
import { callEach } from '../options/listeners.js';
import { engineSettings, type ReconnectionOptions, type ReconnectionSettings, reconnectionSettings } from './options.js';

/** `disconnected` is also what a connection is whose answers take longer than poor ones. */
export type ConnectionQuality = 'excellent' | 'good' | 'poor' | 'disconnected';

/** How the connections are and were. */
export interface ConnectionHealth {
  /** Of the worst of them; `good` before a health check was answered. */
  readonly connectionQuality: ConnectionQuality;
  /** Smoothed round trip of the slowest in milliseconds; null before a health check was answered. */
  readonly latency: number | null;
  /** Recent attempts that succeeded, from 0 to 1, weighted towards the newest. */
  readonly successRate: number;
  /** Milliseconds connected, of all of them together. */
  readonly uptime: number;
  /** Milliseconds wanted but not connected. */
  readonly downtime: number;
  /** How often one came back. */
  readonly reconnects: number;
}

/** The end of all attempts, as an error. */
export class ReconnectionError extends Error {
  override readonly name = 'ReconnectionError';

  constructor(
    /** What led to it. */
    readonly connection: ConnectionError,
  ) {
    super(connection.message);
  }
}

export interface ReconnectionEvents {
  /** An attempt, counted from 1, is about to be waited for. */
  reconnection_attempt: { readonly attempt: number; /** Milliseconds since 1970. */ readonly timestamp: number };
  /** It is back, after so many attempts. */
  reconnection_success: { readonly attempt: number };
  /** All attempts are spent; `reconnect()` begins anew. */
  reconnection_failure: { readonly attempt: number; readonly error: ReconnectionError };
  /** A health check was answered. The same values also stand under `health`. */
  health_check: {
    readonly connectionQuality: ConnectionQuality;
    readonly latency: number;
    readonly health: ConnectionHealth;
  };
}

type Listener<K extends keyof ReconnectionEvents> = (event: ReconnectionEvents[K]) => void;

/**
 * How connections come back, and what happens to them: options by their old names for the engine that decides, and its
 * events by their old names for components. Any number of connections can be attached; most pages have one.
 */
export class ReconnectionManager {
  /** The options, filled in. */
  readonly options: ReconnectionSettings;
  readonly #listeners = new Map<string, Set<(event: never) => void>>();
  readonly #clients = new Map<Client, () => void>();
  readonly #logger: Pick<Logger, 'error'> | undefined;

  /** @throws ConfigError names the option that cannot be used, its value, and what is accepted. */
  constructor(options: ReconnectionOptions = {}, logger?: Pick<Logger, 'error'>) {
    this.options = reconnectionSettings(options);
    this.#logger = logger;
  }

  /** What the engine is told (profile `rooms`). */
  get settings(): Partial<Settings> {
    return engineSettings(this.options);
  }

  /** Tells what happens to a connection from now on. Returns how to stop that. */
  attach(client: Client, wallClock: () => number = Date.now): () => void {
    this.#clients.get(client)?.();
    const stop = this.#listen(client, wallClock);
    this.#clients.set(client, stop);
    return () => {
      if (this.#clients.get(client) === stop) {
        this.#clients.delete(client);
      }
      stop();
    };
  }

  /** Calls `listener` for each event of a name; added twice it is called once. */
  on<K extends keyof ReconnectionEvents>(event: K, listener: Listener<K>): this {
    checkEvent(event);
    const listeners = this.#listeners.get(event) ?? new Set();
    listeners.add(listener as (event: never) => void);
    this.#listeners.set(event, listeners);
    return this;
  }

  off<K extends keyof ReconnectionEvents>(event: K, listener: Listener<K>): this {
    checkEvent(event);
    this.#listeners.get(event)?.delete(listener as (event: never) => void);
    return this;
  }

  /** Connects all of them at once, also those that gave up; attempts count anew. */
  reconnect(): void {
    for (const client of this.#clients.keys()) {
      client.reconnect();
    }
  }

  getHealth(): ConnectionHealth {
    const infos = [...this.#clients.keys()].map((client) => client.info());
    const latencies = infos.flatMap((info) => (info.latencyMs === undefined ? [] : [info.latencyMs]));
    return {
      connectionQuality: worst(infos),
      latency: latencies.length === 0 ? null : Math.max(...latencies),
      successRate: infos.length === 0 ? 1 : Math.min(...infos.map((info) => info.successRate)),
      uptime: sum(infos, (info) => info.uptimeMs),
      downtime: sum(infos, (info) => info.downtimeMs),
      reconnects: sum(infos, (info) => info.reconnects),
    };
  }

  #listen(client: Client, wallClock: () => number): () => void {
    const stop = new AbortController();
    const on = <K extends keyof ClientEvents>(type: K, run: (detail: ClientEvents[K]) => void) =>
      client.addEventListener(type, (event) => run(event.detail), { signal: stop.signal });
    on('reconnecting', ({ attempt }) => this.#emit('reconnection_attempt', { attempt, timestamp: wallClock() }));
    on('reconnected', ({ attempts }) => this.#emit('reconnection_success', { attempt: attempts }));
    on('reconnectfailed', ({ attempts, error }) =>
      this.#emit('reconnection_failure', { attempt: attempts, error: new ReconnectionError(error) }),
    );
    on('healthcheck', ({ latencyMs, quality }) => {
      const health = this.getHealth();
      this.#emit('health_check', { connectionQuality: inWords(quality), latency: latencyMs, health });
    });
    return () => stop.abort();
  }

  #emit<K extends keyof ReconnectionEvents>(event: K, detail: ReconnectionEvents[K]): void {
    const listeners = (this.#listeners.get(event) ?? []) as Iterable<Listener<K>>;
    callEach(listeners, (error) => this.#logger?.error(`listener of ${event} failed`, { error }), detail);
  }
}

/** Says a quality in the words of the rooms. */
export function inWords(quality: Quality): ConnectionQuality {
  return quality === 'unusable' ? 'disconnected' : quality;
}

function worst(infos: readonly ConnectionInfo[]): ConnectionQuality {
  return QUALITIES[Math.max(...infos.map((info) => QUALITIES.indexOf(qualityOf(info))))] ?? 'disconnected';
}

/** Before the first health check was answered nothing is known against a connection that stands. */
function qualityOf({ state, latencyMs, quality }: ConnectionInfo): ConnectionQuality {
  if (state !== 'connected') {
    return 'disconnected';
  }
  return latencyMs === undefined ? 'good' : inWords(quality);
}

function sum(infos: readonly ConnectionInfo[], value: (info: ConnectionInfo) => number): number {
  return infos.reduce((total, info) => total + value(info), 0);
}

function checkEvent(event: string): void {
  if (!EVENTS.includes(event)) {
    throw optionError('ReconnectionManager', 'event', event, EVENTS.join(', '));
  }
}

const QUALITIES: readonly ConnectionQuality[] = ['excellent', 'good', 'poor', 'disconnected'];

const EVENTS: readonly string[] = ['reconnection_attempt', 'reconnection_success', 'reconnection_failure', 'health_check'];
