/** Between the driver and the application: from the engine's events to tickets, readers, snapshots and listeners. */

import type { ClientEvents, ClientOptions, HistoryPage, Platform } from '../api.js';
import { Driver, type DriverHost } from '../driver/driver.js';
import type { Body } from '../driver/speech.js';
import type { V1Speech } from '../driver/v1-speech.js';
import { ConfigError } from '../engine/index.js';
import type { ConnectionInfo, Event, Input } from '../engine/types.js';
import { ConnectionFailure, type Moment } from './failure.js';
import { History, type HistoryOptions } from './history.js';
import { Hub, type HubHost } from './hub.js';
import { contain, Listeners } from './listeners.js';
import { logEvent } from './log.js';
import { type Parts, shown } from './options.js';
import { Sender, type SenderHost } from './sender.js';
import { Snapshots } from './snapshot.js';

export class Core implements DriverHost, SenderHost {
  readonly driver: Driver;
  readonly listeners: Listeners<ClientEvents>;
  readonly snapshots: Snapshots;
  readonly history = new History();
  readonly hubs = new Map<string, Hub>();
  readonly sender: Sender;
  lastError: ConnectionFailure | undefined;
  onState: () => void = () => undefined;
  private readonly tasks: (() => void)[] = [];
  private isFlushing = false;
  private lastInfo: ConnectionInfo;
  isBroken = false;
  /** Who waits for the end of the last socket and timer. */
  private readonly idlers: (() => void)[] = [];

  constructor(
    readonly parts: Parts,
    private readonly options: ClientOptions,
    private readonly platform: Platform,
    private readonly name: string,
  ) {
    const { engine, speech, urls } = parts;
    this.listeners = new Listeners((error, where) => {
      // A listener of errors that throws must not be told of its own error, and so for ever.
      if (where === 'listener of error') console.error(`everlink: ${where}:`, error);
      else this.failed(error, where);
    });
    this.driver = new Driver({ engine, speech, platform, urls, credentials: options.credentials }, this);
    this.lastInfo = engine.info(this.driver.clock.now());
    this.snapshots = new Snapshots({
      info: () => this.info(),
      wallClock: () => this.wallClock(),
      lastError: () => this.lastError,
      failed: (error) => this.failed(error, 'listener of the snapshot'),
    });
    this.sender = new Sender(this, parts, options.outbox);
  }

  /** Reports an input. */
  input(input: Input<Body>): void {
    if (this.isBroken) return;
    this.driver.input(input);
  }

  info(): ConnectionInfo & { readonly url: string } {
    const { engine, urls } = this.parts;
    this.lastInfo = this.isBroken
      ? { ...this.lastInfo, state: 'error' }
      : engine.info(this.driver.clock.now());
    return { ...this.lastInfo, url: shown(urls[this.lastInfo.endpoint] as string) };
  }

  /** The part of the client that has logs; a dialect without them throws. */
  v1(what: string): V1Speech {
    const { v1, dialect } = this.parts;
    if (v1 === undefined)
      throw new ConfigError('dialect', `${what}: dialect ${dialect} has no channels; accepted: everlink`);
    return v1;
  }

  /** Resolves once no socket and no timer is left; the engine bounds how long that takes. */
  idle(): Promise<void> {
    if (this.isBroken || this.driver.isIdle) return Promise.resolve();
    return new Promise((resolve) => void this.idlers.push(resolve));
  }

  /** Ends what the application reads. */
  closeReaders(): void {
    for (const hub of [...this.hubs.values()]) hub.close();
    this.history.close();
  }

  /** Leaves everything for good. */
  free(): void {
    this.isBroken = true;
    this.driver.free();
    this.dropAll();
  }

  // -------------------------------------------------------------------------------------------------------------
  // Channels

  hub(name: string): Hub {
    const id = this.v1('channel').channels.register(name);
    const known = this.hubs.get(name);
    if (known !== undefined) return known;
    const hub = new Hub(this.hubHost(), name, id);
    this.hubs.set(name, hub);
    return hub;
  }

  /** Asks for a page of history. */
  page(channel: string, options: HistoryOptions): Promise<HistoryPage> {
    const id = this.v1('history').channels.register(channel);
    return this.history.read(options, (request, after, limit) =>
      this.input({ type: 'read', request, channel: id, after, limit }),
    );
  }

  private dropAll(): void {
    this.sender.dropAll();
    this.closeReaders();
    for (const resolve of this.idlers.splice(0)) resolve();
  }

  private hubHost(): HubHost {
    return {
      cursors: this.options.cursors,
      publish: (channel, payload, options = {}) => this.sender.publish(channel, payload, options),
      volatile: (channel, key, payload) => this.sender.volatile(channel, key, payload),
      subscribe: (channel, from) => this.input({ type: 'subscribe', channel, from }),
      unsubscribe: (channel) => this.input({ type: 'unsubscribe', channel }),
      pause: (channel) => this.input({ type: 'pause', channel }),
      resume: (channel) => this.input({ type: 'resume', channel }),
      page: (channel, after) => this.page(channel, { after, limit: 256 }),
      cursor: (channel) => (this.isBroken ? undefined : this.parts.engine.cursor(channel)),
      later: (run) => this.later(run),
      failed: (error, where) => this.failed(error, where),
      ended: (hub) => {
        if (this.hubs.get(hub.name) === hub) this.hubs.delete(hub.name);
      },
    };
  }

  // -------------------------------------------------------------------------------------------------------------
  // What the driver tells

  event(event: Event<Body>, detail: string | undefined): void {
    logEvent(this.options.logger, this.name, event, detail);
    if (event.type === 'message' && event.channel === undefined) {
      this.tell('message', { data: event.payload });
      return;
    }
    if (!this.channelEvent(event)) {
      this.connectionEvent(event, detail);
      this.snapshots.changed();
    }
  }

  sent(id: number): void {
    this.sender.sent(id);
  }

  trouble(error: unknown, where: string): void {
    this.options.logger?.warn(`${this.name}: trouble`, { where, error: String(error) });
    this.tell('error', { error, where });
  }

  turned(): void {
    this.flush();
    for (const hub of this.hubs.values()) hub.pauseIfFull();
    if (this.driver.isIdle) for (const resolve of this.idlers.splice(0)) resolve();
  }

  broke(error: unknown): void {
    this.isBroken = true;
    this.trouble(error, 'engine');
    this.dropAll();
    this.snapshots.changed();
    this.onState();
    this.flush();
  }

  /** Something of the application's own is wrong. Whoever listens to no errors finds it on the console. */
  failed(error: unknown, where: string): void {
    if (!this.listeners.has('error') && this.options.logger === undefined)
      console.error(`everlink: ${where}:`, error);
    this.trouble(error, where);
    this.flush();
  }

  /** Time of day, in milliseconds since 1970. */
  wallClock(): number {
    return this.platform.wallClock();
  }

  later(run: () => void): void {
    this.tasks.push(run);
  }

  /** Runs code of the application, in the order in which things happened. */
  flush(): void {
    if (this.isFlushing || this.driver.isCarrying) return;
    this.isFlushing = true;
    for (let at = 0; at < this.tasks.length; at += 1) {
      contain(this.tasks[at] as () => void, (error) => this.trouble(error, 'everlink'));
    }
    this.tasks.length = 0;
    this.isFlushing = false;
  }

  tell<K extends keyof ClientEvents>(type: K, detail: ClientEvents[K]): void {
    if (!this.listeners.has(type)) return;
    this.later(() => this.listeners.tell(type, detail));
  }

  /** Takes what is about channels. */
  private channelEvent(event: Event<Body>): boolean {
    const { v1 } = this.parts;
    if (v1 === undefined || !('channel' in event)) return false;
    const name = v1.channels.name(event.channel ?? -1) ?? '';
    const hub = this.hubs.get(name);
    const { arriving } = v1;
    switch (event.type) {
      case 'message':
        if (event.position !== undefined && arriving.message !== undefined) {
          const own = v1.isOwn(arriving.message.producer);
          hub?.message(event.position, arriving.message, event.payload, own);
        }
        break;
      case 'volatile':
        hub?.volatileValue(arriving.value?.key ?? '', arriving.value?.user, event.payload);
        break;
      case 'retained':
        hub?.retainedValue(arriving.value?.key ?? '', event.version, event.payload);
        break;
      case 'gap': {
        const gap = hub?.gap(event);
        if (gap !== undefined) this.tell('gap', gap);
        break;
      }
      case 'subscribed':
        if (arriving.attached !== undefined) hub?.attached(arriving.attached.epoch, arriving.attached.head);
        break;
      case 'subscriptionRejected':
        hub?.refused(event.code, arriving.why ?? '');
        break;
      case 'page':
        this.history.paged(name, event.request, event.page, arriving.page ?? [], (producer) =>
          v1.isOwn(producer),
        );
        break;
      case 'duplicateDropped':
        break;
    }
    return true;
  }

  private connectionEvent(event: Event<Body>, detail: string | undefined): void {
    const name = EVENTS[event.type];
    if (name !== undefined) {
      const { type: _, ...fields } = event;
      this.tell(name, fields as never);
    }
    switch (event.type) {
      case 'stateChanged':
        this.later(() => this.onState());
        break;
      case 'connected':
      case 'reconnected':
        this.lastError = undefined;
        this.later(() => {
          this.sender.staging?.send();
          for (const hub of this.hubs.values()) hub.connected();
        });
        break;
      case 'disconnected':
        this.tell('disconnected', {
          error: this.error('connection_lost', event, detail),
          uptimeMs: event.uptimeMs,
        });
        break;
      case 'attemptFailed':
        this.tell('attemptfailed', {
          attempt: event.attempt,
          error: this.error('connection_error', event, detail),
        });
        break;
      case 'reconnectFailed':
        this.tell('reconnectfailed', {
          attempts: event.attempts,
          error: this.error('gave_up', event, detail),
        });
        break;
      case 'settled':
        this.sender.settled(event);
        break;
      case 'readFailed':
        this.history.failed(event.request, event.why, this.parts.v1?.arriving.why ?? '');
        break;
      case 'outboxRoom':
        this.later(() => this.sender.staging?.send());
        break;
      case 'maybeDoubled':
        this.tell('maybedoubled', this.sender.range(event));
        break;
      default:
        break;
    }
  }

  private error(
    moment: Moment,
    { failure }: Extract<Event<Body>, { type: 'disconnected' | 'attemptFailed' | 'reconnectFailed' }>,
    detail: string | undefined,
  ): ConnectionFailure {
    this.lastError = new ConnectionFailure(moment, failure, detail, this.platform.wallClock());
    return this.lastError;
  }
}

/** Events that are told as they are. */
const EVENTS: Partial<Record<Event<Body>['type'], keyof ClientEvents>> = {
  stateChanged: 'statechange',
  connected: 'connected',
  reconnected: 'reconnected',
  reconnecting: 'reconnecting',
  qualityChanged: 'qualitychange',
  healthCheck: 'healthcheck',
  moved: 'moved',
  supervised: 'supervised',
  breaker: 'breaker',
  inDoubt: 'indoubt',
  away: 'away',
};
