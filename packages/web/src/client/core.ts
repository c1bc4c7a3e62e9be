/** Between the driver and the application: from the engine's events to tickets, readers, snapshots and listeners. */

import type { ClientEvents, ClientOptions, DropReason, OutboxEntry, Payload, Platform, SendOptions, Ticket } from '../api.js';
import { encodePayload } from '../codec/v1/encode.js';
import { encodeJson, encodePlain } from '../codec/plain.js';
import { utf8Length } from '../codec/text.js';
import { Driver, type DriverHost } from '../driver/driver.js';
import { Names } from '../driver/names.js';
import type { Body } from '../driver/speech.js';
import type { V1Speech } from '../driver/v1-speech.js';
import { ConfigError } from '../engine/index.js';
import type { ConnectionInfo, Event, Input, Outgoing, SendPolicy } from '../engine/types.js';
import { ConnectionFailure, type Moment } from './failure.js';
import { History } from './history.js';
import { Hub, type HubHost } from './hub.js';
import { contain, Listeners } from './listeners.js';
import { logEvent } from './log.js';
import { type Parts, shown } from './options.js';
import { Snapshots } from './snapshot.js';
import { type Draft, Staging, type Taken } from './staging.js';
import { dropped, OpenTicket, refusalOf, settlementOf, Tickets } from './tickets.js';

export class Core implements DriverHost {
  readonly driver: Driver;
  readonly listeners: Listeners<ClientEvents>;
  readonly snapshots: Snapshots;
  readonly history = new History();
  readonly hubs = new Map<string, Hub>();
  readonly staging: Staging | undefined;
  lastError: ConnectionFailure | undefined;
  onState: () => void = () => undefined;
  private readonly tickets = new Tickets();
  private readonly coalesceKeys = new Names('coalesce', 256);
  private readonly tasks: (() => void)[] = [];
  private isFlushing = false;
  private lastTicket = 0;
  private lastMessage = 0;
  private lastInfo: ConnectionInfo;
  private isBroken = false;
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
      wallClock: () => platform.wallClock(),
      lastError: () => this.lastError,
      failed: (error) => this.failed(error, 'listener of the snapshot'),
    });
    if (options.outbox !== undefined) this.staging = this.makeStaging(options.outbox);
  }

  /** Reports an input. */
  input(input: Input<Body>): void {
    if (this.isBroken) return;
    this.driver.input(input);
  }

  info(): ConnectionInfo & { readonly url: string } {
    const { engine, urls } = this.parts;
    this.lastInfo = this.isBroken ? { ...this.lastInfo, state: 'error' } : engine.info(this.driver.clock.now());
    return { ...this.lastInfo, url: shown(urls[this.lastInfo.endpoint] as string) };
  }

  /** The part of the client that has logs; a dialect without them throws. */
  v1(what: string): V1Speech {
    const { v1, dialect } = this.parts;
    if (v1 === undefined) throw new ConfigError('dialect', `${what}: dialect ${dialect} has no channels; accepted: everlink`);
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
  // Sending

  sendMessage(data: Payload, options: SendOptions): Ticket {
    const { dialect } = this.parts;
    if (dialect === 'everlink') {
      throw new ConfigError('dialect', 'send: in dialect everlink every message belongs to a channel; use publish');
    }
    const body = dialect === 'json' ? encodeJson(data) : encodePlain(data);
    const ticket = this.newTicket();
    this.post(ticket, { policy: this.policy(options), payload: body }, options);
    return ticket;
  }

  publish(channel: string, payload: Payload, options: SendOptions): Ticket {
    const id = this.v1('publish').channels.register(channel);
    if (options.policy === 'volatile') {
      throw new ConfigError('policy', 'publish: found volatile; accepted: another policy, or volatile() of the channel');
    }
    const body = encodePayload(payload);
    const ticket = this.newTicket();
    const policy = this.policy(options);
    const { staging } = this;
    if (staging === undefined) this.post(ticket, { channel: id, policy, payload: body }, options);
    else if (options.signal?.aborted) this.drop(ticket, 'aborted');
    else staging.add({ channel, payload, body, ticket, policy: policy.type === 'configured' ? WAIT : policy }, options.signal);
    return ticket;
  }

  /** Says a value beside a log, now or not at all. */
  volatile(channel: string, key: string, payload: Payload): boolean {
    const v1 = this.v1('volatile');
    const message = {
      channel: v1.channels.register(channel),
      key: v1.kinds.register(key),
      policy: { type: 'volatile' },
      payload: encodePayload(payload),
    } as const;
    const ticket = new OpenTicket(0, () => undefined);
    this.hand(ticket, message);
    return ticket.status === 'sent';
  }

  private post(ticket: OpenTicket, message: Omit<Outgoing<Body>, 'id' | 'bytes'>, { signal }: SendOptions): void {
    if (signal?.aborted) {
      this.drop(ticket, 'aborted');
      return;
    }
    const error = this.hand(ticket, message);
    if (error === undefined) return;
    const settlement = refusalOf(error);
    if (settlement?.status !== 'dropped') throw error;
    this.drop(ticket, settlement.reason);
  }

  /** Hands a message to the engine; returns what it refused it with. */
  private hand(ticket: OpenTicket, message: Omit<Outgoing<Body>, 'id' | 'bytes'>): unknown {
    if (this.isBroken) {
      this.drop(ticket, 'closed');
      return undefined;
    }
    const id = Math.max(ticket.id, this.lastMessage + 1);
    const { payload } = message;
    const bytes = typeof payload === 'string' ? utf8Length(payload) : (payload as Uint8Array).byteLength;
    this.tickets.add(id, ticket);
    try {
      this.lastMessage = id;
      this.input({ type: 'send', message: { ...message, id, bytes } });
    } catch (error) {
      this.tickets.take(id, id);
      return error;
    }
    this.snapshots.changed();
    return undefined;
  }

  private policy({ policy }: SendOptions): SendPolicy {
    if (policy === undefined) return { type: 'configured' };
    if (typeof policy === 'string') return { type: policy };
    return { type: 'coalesce', key: this.coalesceKeys.register(policy.coalesce) };
  }

  private newTicket(): OpenTicket {
    this.lastTicket += 1;
    return new OpenTicket(this.lastTicket, (listeners, ticket) => {
      for (const listener of listeners) {
        this.later(() => contain(() => listener(ticket), (error) => this.failed(error, 'listener of a ticket')));
      }
      this.flush();
    });
  }

  private drop(ticket: OpenTicket, reason: DropReason, code?: number): void {
    ticket.settle(dropped(reason, code));
    if (ticket.id > 0) this.tell('dropped', { ticket, reason });
    this.flush();
  }

  private dropAll(): void {
    for (const ticket of this.tickets.take(0, Infinity)) this.drop(ticket, 'closed');
    this.closeReaders();
    for (const resolve of this.idlers.splice(0)) resolve();
  }

  private makeStaging(store: NonNullable<ClientOptions['outbox']>): Staging {
    const v1 = this.v1('outbox');
    return new Staging({
      store,
      producer: () => v1.producer,
      producerId: (name) => v1.producerId(name),
      wallClock: () => this.platform.wallClock(),
      send: (draft) => this.sendStored(v1, draft),
      ticket: () => this.newTicket(),
      drop: (ticket, reason) => this.drop(ticket, reason),
      failed: (error, where) => this.failed(error, where),
    });
  }

  private sendStored(v1: V1Speech, { entry, body, numbered, policy, ticket }: Draft): Taken {
    if (this.isBroken || this.parts.engine.state() === 'closed') return 'later';
    const channel = v1.channels.register(entry.channel);
    // The engine may tell the outcome at once.
    const id = Math.max(ticket.id, this.lastMessage + 1);
    this.staging?.took(id, entry as OutboxEntry);
    const error = this.hand(ticket, { channel, policy, origin: numbered, payload: body });
    if (error === undefined) return 'taken';
    this.staging?.forget(id);
    const settlement = refusalOf(error);
    const waits = settlement?.status === 'dropped' && (settlement.reason === 'queue_full' || settlement.reason === 'not_connected');
    if (waits && policy.type === 'wait') return 'later';
    if (settlement === undefined) this.failed(error, 'outbox');
    this.drop(ticket, settlement?.status === 'dropped' ? settlement.reason : 'refused');
    return 'gone';
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

  private hubHost(): HubHost {
    return {
      cursors: this.options.cursors,
      publish: (channel, payload, options = {}) => this.publish(channel, payload, options),
      volatile: (channel, key, payload) => this.volatile(channel, key, payload),
      subscribe: (channel, from) => this.input({ type: 'subscribe', channel, from }),
      unsubscribe: (channel) => this.input({ type: 'unsubscribe', channel }),
      pause: (channel) => this.input({ type: 'pause', channel }),
      resume: (channel) => this.input({ type: 'resume', channel }),
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
    this.tickets.get(id)?.sent();
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
    if (!this.listeners.has('error') && this.options.logger === undefined) console.error(`everlink: ${where}:`, error);
    this.trouble(error, where);
    this.flush();
  }

  later(run: () => void): void {
    this.tasks.push(run);
  }

  /** Runs code of the application, in the order in which things happened. */
  private flush(): void {
    if (this.isFlushing || this.driver.isCarrying) return;
    this.isFlushing = true;
    for (let at = 0; at < this.tasks.length; at += 1) {
      contain(this.tasks[at] as () => void, (error) => this.trouble(error, 'everlink'));
    }
    this.tasks.length = 0;
    this.isFlushing = false;
  }

  private tell<K extends keyof ClientEvents>(type: K, detail: ClientEvents[K]): void {
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
        this.history.paged(name, event.request, event.page, arriving.page ?? [], (producer) => v1.isOwn(producer));
        break;
      case 'duplicateDropped':
        break;
    }
    return true;
  }

  private connectionEvent(event: Event<Body>, detail: string | undefined): void {
    switch (event.type) {
      case 'stateChanged':
        this.tell('statechange', event);
        this.later(() => this.onState());
        break;
      case 'connected':
        this.lastError = undefined;
        this.tell('connected', event);
        break;
      case 'reconnected':
        this.lastError = undefined;
        this.tell('reconnected', event);
        break;
      case 'disconnected':
        this.tell('disconnected', { error: this.error('connection_lost', event, detail), uptimeMs: event.uptimeMs });
        break;
      case 'attemptFailed':
        this.tell('attemptfailed', { attempt: event.attempt, error: this.error('connection_error', event, detail) });
        break;
      case 'reconnectFailed':
        this.tell('reconnectfailed', { attempts: event.attempts, error: this.error('gave_up', event, detail) });
        break;
      case 'settled':
        this.settled(event);
        break;
      case 'readFailed':
        this.history.failed(event.request, event.why, this.parts.v1?.arriving.why ?? '');
        break;
      case 'outboxRoom':
        this.later(() => this.staging?.send());
        break;
      case 'maybeDoubled':
        this.tell('maybedoubled', this.ticketRange(event));
        break;
      default: {
        const type = EVENTS[event.type];
        if (type !== undefined) this.tell(type, event as never);
      }
    }
  }

  private settled({ first, last, outcome }: Extract<Event<Body>, { type: 'settled' }>): void {
    for (const [id, ticket] of this.tickets.entries(first, last)) {
      this.staging?.settled(id, outcome.type === 'cleared');
      const settlement = settlementOf(outcome, id === last);
      ticket.settle(settlement);
      if (settlement.status === 'dropped' && ticket.id > 0) this.tell('dropped', { ticket, reason: settlement.reason });
    }
    this.tickets.take(first, last);
  }

  private ticketRange({ first, last }: { first: number; last: number }): { first: number; last: number } {
    const ids = this.tickets.entries(first, last).map(([, ticket]) => ticket.id);
    return ids.length === 0 ? { first, last } : { first: Math.min(...ids), last: Math.max(...ids) };
  }

  private error(moment: Moment, { failure }: Extract<Event<Body>, { type: 'disconnected' | 'attemptFailed' | 'reconnectFailed' }>, detail: string | undefined): ConnectionFailure {
    this.lastError = new ConnectionFailure(moment, failure, detail, this.platform.wallClock());
    return this.lastError;
  }
}

/** Events that are told as they are. */
const EVENTS: Partial<Record<Event<Body>['type'], keyof ClientEvents>> = {
  reconnecting: 'reconnecting',
  qualityChanged: 'qualitychange',
  healthCheck: 'healthcheck',
  moved: 'moved',
  supervised: 'supervised',
  breaker: 'breaker',
  inDoubt: 'indoubt',
  away: 'away',
};

const WAIT: SendPolicy = { type: 'wait' };
