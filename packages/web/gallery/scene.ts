/** A client that does what a script says: for the gallery, and for tests of what a component shows in one state. */

import type {
  Channel,
  ChannelItem,
  ChannelMessage,
  Client,
  ConnectionError,
  ConnectionSnapshot,
  HistoryPage,
  Payload,
  Settlement,
  Ticket,
  TicketStatus,
} from '../src/api.js';

export const AT = Date.UTC(2026, 10, 30, 12, 30);

/** Returns a snapshot of a connection that stands, changed by `part`. */
export function snapshot(part: Partial<ConnectionSnapshot> = {}): ConnectionSnapshot {
  const state = part.state ?? 'connected';
  return Object.freeze({
    state,
    isConnected: state === 'connected',
    isReconnecting: state === 'reconnecting' || state === 'disconnected',
    attempts: 0,
    nextAttemptAt: undefined,
    connectedSince: state === 'connected' ? Date.now() - 45_000 : undefined,
    reconnects: 0,
    queuedMessages: 0,
    latencyMs: 34,
    quality: 'excellent',
    guarantee: 'exactlyOnce',
    lastError: undefined,
    url: 'wss://example.com/ws',
    tab: 'own',
    ...part,
  });
}

export function connectionError(kind: ConnectionError['kind'], message = ''): ConnectionError {
  return { kind, message, cause: 'closed', code: 1006, retrying: kind !== 'gave_up', at: AT };
}

export class SceneTicket implements Ticket {
  status: TicketStatus = 'queued';
  readonly stored = Promise.resolve();
  readonly settled: Promise<Settlement>;
  readonly #listeners = new Set<(ticket: Ticket) => void>();
  #resolve: (outcome: Settlement) => void = () => {};

  constructor(
    readonly id: number,
    readonly channel: string,
    readonly payload: Payload,
  ) {
    this.settled = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  onChange(listener: (ticket: Ticket) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  step(status: TicketStatus): void {
    this.status = status;
    for (const listener of this.#listeners) listener(this);
  }

  settle(outcome: Settlement): Promise<Settlement> {
    this.step(outcome.status);
    this.#resolve(outcome);
    return this.settled;
  }
}

export class SceneClient implements Client {
  readonly tickets: SceneTicket[] = [];
  readonly volatiles: { channel: string; key: string; payload: Payload }[] = [];
  /** What `history` answers with; by default nothing. */
  past: readonly ChannelMessage[] = [];
  connects = 0;
  closes = 0;
  reconnects = 0;
  opened = 0;
  readonly #listeners = new Set<() => void>();
  readonly #readers = new Set<{ name: string; listener: (item: ChannelItem) => void }>();
  readonly #events = new EventTarget();
  readonly #retained = new Map<string, ChannelItem>();
  #snapshot: ConnectionSnapshot;

  constructor(part: Partial<ConnectionSnapshot> = {}) {
    this.#snapshot = snapshot(part);
  }

  get state() {
    return this.#snapshot.state;
  }
  get guarantee() {
    return this.#snapshot.guarantee;
  }
  /** Open readers, and listeners of the snapshot. */
  get held(): number {
    return this.#readers.size + this.#listeners.size;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  getSnapshot = (): ConnectionSnapshot => this.#snapshot;
  reconnect(): void {
    this.reconnects += 1;
  }
  async connect(): Promise<void> {
    this.connects += 1;
  }
  async close(): Promise<void> {
    this.closes += 1;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
  info(): never {
    throw new Error('a scene has no info');
  }
  send(data: Payload): Ticket {
    return this.publish('', data);
  }
  publish(channel: string, payload: Payload): Ticket {
    const ticket = new SceneTicket(this.tickets.length + 1, channel, payload);
    this.tickets.push(ticket);
    return ticket;
  }
  channel<T extends Payload>(name: string): Channel<T> {
    this.opened += 1;
    const stops: (() => void)[] = [];
    return {
      name,
      cursor: undefined,
      onItem: (listener) => {
        const reader = { name, listener: listener as (item: ChannelItem) => void };
        this.#readers.add(reader);
        const stop = () => void this.#readers.delete(reader);
        stops.push(stop);
        return stop;
      },
      publish: (payload) => this.publish(name, payload),
      volatile: (key, payload) => this.volatiles.push({ channel: name, key, payload }) > 0,
      retained: (key) => this.#retained.get(`${name}/${key}`) as never,
      close: () => {
        for (const stop of stops) stop();
      },
      async *[Symbol.asyncIterator]() {},
      [Symbol.asyncDispose]: async () => {},
    };
  }
  async history<T extends Payload>(_: string, { after = 0, limit = 100 } = {}): Promise<HistoryPage<T>> {
    const messages = this.past.filter(({ offset }) => offset > after).slice(0, limit) as ChannelMessage<T>[];
    return {
      epoch: 1,
      first: this.past[0]?.offset ?? 1,
      head: this.past.at(-1)?.offset ?? 0,
      messages,
      next: undefined,
    };
  }
  addEventListener = ((type: string, listener: EventListener) =>
    this.#events.addEventListener(type, listener)) as Client['addEventListener'];
  removeEventListener = ((type: string, listener: EventListener) =>
    this.#events.removeEventListener(type, listener)) as Client['removeEventListener'];

  /** Changes the connection. */
  set(part: Partial<ConnectionSnapshot>): void {
    this.#snapshot = snapshot(part);
    for (const listener of [...this.#listeners]) listener();
  }
  emit(type: string, detail: unknown): void {
    this.#events.dispatchEvent(Object.assign(new Event(type), { detail }));
  }
  /** Brings items to whoever reads their channel. */
  bring(...items: ChannelItem[]): void {
    for (const item of items) {
      if (item.type === 'retained') this.#retained.set(`${item.channel}/${item.key}`, item);
      for (const { name, listener } of [...this.#readers]) if (name === item.channel) listener(item);
    }
  }
}

export function message(
  channel: string,
  offset: number,
  payload: Payload,
  part: Partial<ChannelMessage> = {},
): ChannelMessage {
  const at = AT + offset * 60_000;
  return {
    ...{ type: 'message', channel, epoch: 1, offset, id: `m${offset}`, producer: 'p', sequence: offset },
    ...{ user: 'ann', at, payload, own: false, replayed: false, ack: () => {} },
    ...part,
  };
}

export const caughtUp = (channel: string, head = 0): ChannelItem => ({ type: 'caughtUp', channel, head });
export const retained = (channel: string, key: string, payload: Payload, version = 1): ChannelItem => ({
  ...{ type: 'retained', channel, key, version, payload },
});
export const volatile = (channel: string, key: string, payload: Payload, user?: string): ChannelItem => ({
  ...{ type: 'volatile', channel, key, user, payload },
});
