/** Messages on their way out: to the disk where that is asked for, to the engine, and to their outcome. */

import type {
  ClientEvents,
  DropReason,
  OutboxEntry,
  OutboxStore,
  Payload,
  SendOptions,
  Ticket,
} from '../api.js';
import { encodeJson, encodePlain } from '../codec/plain.js';
import { utf8Length } from '../codec/text.js';
import { encodePayload } from '../codec/v1/encode.js';
import { Names } from '../driver/names.js';
import type { Body } from '../driver/speech.js';
import type { V1Speech } from '../driver/v1-speech.js';
import { ConfigError } from '../engine/index.js';
import type { Event, Input, Outgoing, SendPolicy } from '../engine/types.js';
import { contain } from './listeners.js';
import type { Parts } from './options.js';
import { type Draft, Staging, type Taken } from './staging.js';
import { dropped, OpenTicket, refusalOf, settlementOf, Tickets } from './tickets.js';

/** What sending needs of the client. */
export interface SenderHost {
  readonly isBroken: boolean;
  readonly snapshots: { changed(): void };
  input(input: Input<Body>): void;
  /** The part that has logs; a dialect without them throws. */
  v1(what: string): V1Speech;
  wallClock(): number;
  tell<K extends keyof ClientEvents>(type: K, detail: ClientEvents[K]): void;
  later(run: () => void): void;
  flush(): void;
  failed(error: unknown, where: string): void;
}

export class Sender {
  readonly staging: Staging | undefined;
  private readonly tickets = new Tickets();
  private readonly coalesceKeys = new Names('coalesce', 256);
  private lastTicket = 0;
  private lastMessage = 0;

  constructor(
    private readonly host: SenderHost,
    private readonly parts: Parts,
    outbox: OutboxStore | undefined,
  ) {
    if (outbox !== undefined) this.staging = this.makeStaging(outbox);
  }

  send(data: Payload, options: SendOptions): Ticket {
    const { dialect } = this.parts;
    if (dialect === 'everlink') {
      throw new ConfigError(
        'dialect',
        'send: in dialect everlink every message belongs to a channel; use publish',
      );
    }
    const body = dialect === 'json' ? encodeJson(data) : encodePlain(data);
    const ticket = this.newTicket();
    this.post(ticket, { policy: this.policy(options), payload: body }, options);
    return ticket;
  }

  publish(channel: string, payload: Payload, options: SendOptions): Ticket {
    const id = this.host.v1('publish').channels.register(channel);
    if (options.policy === 'volatile') {
      throw new ConfigError(
        'policy',
        'publish: found volatile; accepted: another policy, or volatile() of the channel',
      );
    }
    const body = encodePayload(payload);
    const ticket = this.newTicket();
    const policy = this.policy(options);
    const { staging } = this;
    if (staging === undefined) this.post(ticket, { channel: id, policy, payload: body }, options);
    else if (options.signal?.aborted) this.drop(ticket, 'withdrawn');
    else {
      const stored = policy.type === 'configured' ? WAIT : policy;
      const takeOut = staging.add({ channel, payload, body, ticket, policy: stored });
      this.heed(options.signal, ticket, () => takeOut() || this.withdraw(ticket));
    }
    return ticket;
  }

  /** Says a value beside a log, now or not at all. */
  volatile(channel: string, key: string, payload: Payload): boolean {
    const v1 = this.host.v1('volatile');
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

  /** A message is with a socket. */
  sent(id: number): void {
    this.tickets.get(id)?.sent();
  }

  /** The fate of a range of messages is known. */
  settled({ first, last, outcome }: Extract<Event<Body>, { type: 'settled' }>): void {
    for (const [id, ticket] of this.tickets.entries(first, last)) {
      this.staging?.settled(id, outcome.type === 'cleared');
      const settlement = settlementOf(outcome, id === last);
      ticket.settle(settlement);
      if (settlement.status === 'dropped' && ticket.id > 0) {
        this.host.tell('dropped', { ticket, reason: settlement.reason });
      }
    }
    this.tickets.take(first, last);
  }

  /** Returns a range of the engine's numbers as numbers of tickets. */
  range({ first, last }: { first: number; last: number }): { first: number; last: number } {
    const ids = this.tickets.entries(first, last).map(([, ticket]) => ticket.id);
    return ids.length === 0 ? { first, last } : { first: Math.min(...ids), last: Math.max(...ids) };
  }

  /** Nothing will be sent any more. */
  dropAll(): void {
    for (const ticket of this.tickets.take(0, Infinity)) this.drop(ticket, 'closed');
  }

  private post(
    ticket: OpenTicket,
    message: Omit<Outgoing<Body>, 'id' | 'bytes'>,
    { signal }: SendOptions,
  ): void {
    if (signal?.aborted) {
      this.drop(ticket, 'withdrawn');
      return;
    }
    const error = this.hand(ticket, message);
    if (error === undefined) {
      this.heed(signal, ticket, () => this.withdraw(ticket));
      return;
    }
    const settlement = refusalOf(error);
    if (settlement?.status !== 'dropped') throw error;
    this.drop(ticket, settlement.reason);
  }

  /** Hands a message to the engine; returns what it refused it with. */
  private hand(ticket: OpenTicket, message: Omit<Outgoing<Body>, 'id' | 'bytes'>): unknown {
    if (this.host.isBroken) {
      this.drop(ticket, 'closed');
      return undefined;
    }
    const id = Math.max(ticket.id, this.lastMessage + 1);
    const { payload } = message;
    const bytes = typeof payload === 'string' ? utf8Length(payload) : (payload as Uint8Array).byteLength;
    this.tickets.add(id, ticket);
    try {
      this.lastMessage = id;
      ticket.message = id;
      this.host.input({ type: 'send', message: { ...message, id, bytes } });
    } catch (error) {
      this.tickets.take(id, id);
      return error;
    }
    this.host.snapshots.changed();
    return undefined;
  }

  /** Does something when a signal is aborted before the message has its outcome. */
  private heed(signal: AbortSignal | undefined, ticket: OpenTicket, aborted: () => unknown): void {
    if (signal === undefined) return;
    const heard = (): void => void aborted();
    signal.addEventListener('abort', heard, { once: true });
    void ticket.settled.then(() => signal.removeEventListener('abort', heard));
  }

  /** Asks the engine to let go of a message. */
  private withdraw({ message }: OpenTicket): void {
    if (message !== undefined) this.host.input({ type: 'withdraw', message });
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
        this.host.later(() =>
          contain(
            () => listener(ticket),
            (error) => this.host.failed(error, 'listener of a ticket'),
          ),
        );
      }
      this.host.flush();
    });
  }

  private drop(ticket: OpenTicket, reason: DropReason, code?: number): void {
    ticket.settle(dropped(reason, code));
    if (ticket.id > 0) this.host.tell('dropped', { ticket, reason });
    this.host.flush();
  }

  private makeStaging(store: OutboxStore): Staging {
    const v1 = this.host.v1('outbox');
    return new Staging({
      store,
      producer: () => v1.producer,
      producerId: (name) => v1.producerId(name),
      wallClock: () => this.host.wallClock(),
      send: (draft) => this.sendStored(v1, draft),
      ticket: () => this.newTicket(),
      drop: (ticket, reason) => this.drop(ticket, reason),
      failed: (error, where) => this.host.failed(error, where),
    });
  }

  private sendStored(v1: V1Speech, { entry, body, numbered, policy, ticket, isStored }: Draft): Taken {
    if (this.host.isBroken || this.parts.engine.state() === 'closed') return 'later';
    const channel = v1.channels.register(entry.channel);
    // The engine may tell the outcome at once.
    const id = Math.max(ticket.id, this.lastMessage + 1);
    if (isStored) this.staging?.took(id, entry as OutboxEntry);
    const error = this.hand(ticket, { channel, policy, origin: numbered, payload: body });
    if (error === undefined) return 'taken';
    this.staging?.forget(id);
    const settlement = refusalOf(error);
    const waits =
      settlement?.status === 'dropped' &&
      (settlement.reason === 'queue_full' || settlement.reason === 'not_connected');
    if (waits && policy.type === 'wait') return 'later';
    if (settlement === undefined) this.host.failed(error, 'outbox');
    this.drop(ticket, settlement?.status === 'dropped' ? settlement.reason : 'refused');
    return 'gone';
  }
}

const WAIT: SendPolicy = { type: 'wait' };
