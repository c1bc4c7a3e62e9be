/** A small server of `everlink.v1` in virtual time, with logs in memory: good enough to test what uses a client. */

import type { Payload } from '../api.js';
import { FrameError } from '../codec/error.js';
import { type Reply, type Stored, SUBPROTOCOL } from '../codec/v1/frames.js';
import { MemoryLog } from './memory-log.js';
import type { Peer } from './network.js';
import type { VirtualPlatform } from './virtual-platform.js';
import { type Asked, decodeRequest, encodeReply, type Said } from './wire.js';

export interface EverlinkServerOptions {
  /** Interval and deadline of heartbeats. Default: 20 s and 10 s. */
  readonly heartbeatMs?: readonly [number, number];
  /** Over which time clients return after a loss. Default: not said. */
  readonly returnWindowMs?: number;
  /** Says who shows a token, and how long it lasts; `undefined` refuses it (4101). Default: everybody may. */
  readonly authenticate?: (
    token: string | undefined,
  ) => { readonly user: string; readonly lastsMs?: number } | undefined;
  /** Says why somebody may not have a channel. Default: everybody may. */
  readonly refuse?: (
    channel: string,
    user: string | undefined,
  ) => { readonly code: number; readonly why: string } | undefined;
}

export class EverlinkServer {
  /** All connections so far, the newest last. */
  readonly connections: EverlinkConnection[] = [];
  private logs = new Map<string, MemoryLog>();
  private epoch = 1;
  private readonly outside = new Map<string, number>();
  private isUp = false;

  constructor(
    readonly platform: VirtualPlatform,
    readonly url: string,
    readonly options: EverlinkServerOptions = {},
  ) {
    this.start();
  }

  /** The log of a channel. */
  log(channel: string): MemoryLog {
    const log = this.logs.get(channel) ?? new MemoryLog(this.epoch);
    this.logs.set(channel, log);
    return log;
  }

  /** What is in a channel's log. */
  payloads(channel: string): Payload[] {
    return this.log(channel).messages.map(({ payload }) => payload);
  }

  /** Somebody else publishes. */
  publish(channel: string, payload: Payload, user = 'somebody'): Stored {
    const sequence = (this.outside.get(channel) ?? 0) + 1;
    this.outside.set(channel, sequence);
    return this.store(channel, { producer: 'outside', sequence, user }, payload) as Stored;
  }

  /** Tells a value beside the log, to be told again at each attach. */
  retain(channel: string, key: string, payload: Payload): void {
    const { retained } = this.log(channel);
    const version = (retained.get(key)?.version ?? 0) + 1;
    retained.set(key, { version, payload });
    this.broadcast(channel, { type: 'retained', channel, key, version, payload });
  }

  /** Says something to everybody in a channel, once. */
  say(channel: string, key: string, payload: Payload, user?: string): void {
    this.broadcast(channel, { type: 'volatile', channel, key, ...(user !== undefined && { user }), payload });
  }

  get openConnections(): EverlinkConnection[] {
    return this.connections.filter(({ isOpen }) => isOpen);
  }

  /** Ends all connections without a word, and takes no more. */
  stop(): void {
    this.isUp = false;
    this.platform.network.unserve(this.url);
    for (const connection of this.openConnections) connection.cut();
  }

  /** Takes connections again; without its logs they are other ones, with another epoch. */
  start({ forget = false } = {}): void {
    if (forget) {
      this.logs = new Map();
      this.epoch += 1;
    }
    if (this.isUp) return;
    this.isUp = true;
    this.platform.network.serve(this.url, {
      accept: (peer) => void this.connections.push(new EverlinkConnection(this, peer)),
    });
  }

  /** Stores a message and tells it; answers what is to be answered. */
  store(
    channel: string,
    origin: { producer: string; sequence: number; before?: number; user?: string | undefined },
    payload: Payload,
  ): Stored | Reply {
    const { producer, sequence, before = sequence - 1, user } = origin;
    const log = this.log(channel);
    const appended = log.append({ producer, sequence, before, user, at: this.platform.wallClock(), payload });
    if (appended.type === 'hole')
      return { type: 'err', code: 4409, fatal: true, why: 'a number before this one is missing' };
    if (appended.type === 'known')
      return { type: 'ack', channel, sequence: appended.sequence, offset: appended.offset };
    this.broadcast(channel, { type: 'message', channel, ...appended.message });
    return appended.message;
  }

  broadcast(channel: string, reply: Reply, except?: EverlinkConnection): void {
    for (const connection of this.openConnections) {
      if (connection !== except && connection.channels.has(channel)) connection.send(reply);
    }
  }
}

export class EverlinkConnection {
  readonly channels = new Set<string>();
  /** Everything that was said, in order. */
  readonly said: Said[] = [];
  user: string | undefined;
  private producer = '';
  private hasGreeted = false;

  constructor(
    private readonly server: EverlinkServer,
    private readonly peer: Peer,
  ) {
    peer.onMessage = (data) => this.heard(data);
    if (peer.protocols.includes(SUBPROTOCOL)) peer.open(SUBPROTOCOL);
    else peer.refuse();
  }

  get isOpen(): boolean {
    return this.peer.isOpen;
  }

  send(reply: Reply): void {
    this.peer.send(encodeReply(reply));
  }

  /** Sends a text as it is, sound or not. */
  sendRaw(text: string): void {
    this.peer.send(text);
  }

  close(code?: number, reason?: string): void {
    this.peer.close(code, reason);
  }

  /** Ends it without a word. */
  cut(): void {
    this.peer.cut();
  }

  private heard(data: string | Uint8Array): void {
    let said: Said;
    try {
      said = decodeRequest(data);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.close(error.closeCode('client'), error.message.slice(0, 120));
      return;
    }
    this.said.push(said);
    if (this.hasGreeted !== (said.type !== 'hello')) {
      this.close(1002, 'out of turn');
      return;
    }
    this.answer(said);
  }

  private answer(said: Said): void {
    switch (said.type) {
      case 'hello':
        this.greeted(said);
        break;
      case 'publish':
        this.published(said);
        break;
      case 'subscribe':
        for (const asked of said.channels) this.attach(asked);
        break;
      case 'unsubscribe':
        for (const channel of said.channels) this.channels.delete(channel);
        this.send({ type: 'unsubscribeOk', request: said.request });
        break;
      case 'volatile': {
        const { channel, key, payload } = said;
        const user = this.user === undefined ? {} : { user: this.user };
        this.server.broadcast(channel, { type: 'volatile', channel, key, ...user, payload }, this);
        break;
      }
      case 'read':
        this.read(said);
        break;
      case 'auth':
        this.authenticated(said.token);
        break;
      case 'ping':
        this.send({ type: 'pong', nonce: said.nonce });
        break;
      case 'pong':
      case 'bye':
        break;
    }
  }

  private greeted(hello: Extract<Said, { type: 'hello' }>): void {
    const { authenticate, heartbeatMs = [20_000, 10_000], returnWindowMs } = this.server.options;
    const who = authenticate?.(hello.token);
    if (authenticate !== undefined && who === undefined) {
      this.close(4101, 'unauthorized');
      return;
    }
    this.hasGreeted = true;
    this.user = who?.user;
    this.producer = hello.producer;
    this.send({
      type: 'welcome',
      node: 'virtual',
      heartbeatMs,
      frameMax: 1_048_576,
      originTtlMs: 86_400_000,
      ...(returnWindowMs !== undefined && { returnWindowMs }),
      kept: 'memory',
      ...(this.suffix !== '' && { suffix: this.suffix }),
    });
    for (const asked of hello.channels) this.attach(asked);
  }

  private get suffix(): string {
    return this.user === undefined ? '' : `~${this.user}`;
  }

  private authenticated(token: string): void {
    const who =
      this.server.options.authenticate?.(token) ??
      (this.server.options.authenticate ? undefined : { user: '' });
    if (who === undefined) this.close(4101, 'unauthorized');
    else this.send({ type: 'authOk', ...(who.lastsMs !== undefined && { expiresMs: who.lastsMs }) });
  }

  private published({
    channel,
    producer,
    sequence,
    before,
    payload,
  }: Extract<Said, { type: 'publish' }>): void {
    const refusal = this.server.options.refuse?.(channel, this.user);
    const named = producer === undefined ? {} : { producer };
    if (refusal !== undefined) {
      this.send({ type: 'nack', channel, ...named, sequence, ...refusal });
      return;
    }
    const name = (producer ?? this.producer) + this.suffix;
    const origin = { producer: name, sequence, ...(before !== undefined && { before }), user: this.user };
    const stored = this.server.store(channel, origin, payload);
    if (!('type' in stored)) {
      this.send({ type: 'ack', channel, ...named, sequence, offset: stored.offset });
      return;
    }
    this.send(stored.type === 'ack' ? { ...stored, ...named } : stored);
    if (stored.type === 'err') this.close(stored.code, stored.why);
  }

  private attach({ channel, epoch, offset }: Asked): void {
    const refusal = this.server.options.refuse?.(channel, this.user);
    if (refusal !== undefined) {
      this.send({ type: 'subscribeErr', channel, ...refusal });
      return;
    }
    const log = this.server.log(channel);
    const { head, first } = log;
    const isFresh = epoch === undefined || offset === undefined;
    const isOther = !isFresh && (epoch !== log.epoch || offset > head);
    const from = isFresh ? head : isOther ? 0 : offset;
    const replay = log.after(from);
    this.send({ type: 'subscribeOk', channel, epoch: log.epoch, head, replay: replay.length });
    if (isOther)
      this.send({ type: 'gap', channel, from: 1, to: first - 1, cause: 'epoch', epoch: log.epoch });
    else if (from < first - 1)
      this.send({ type: 'gap', channel, from: from + 1, to: first - 1, cause: 'expired' });
    for (const message of replay) this.send({ type: 'message', channel, ...message });
    for (const [key, { version, payload }] of log.retained)
      this.send({ type: 'retained', channel, key, version, payload });
    this.channels.add(channel);
  }

  private read({ request, channel, after, limit }: Extract<Said, { type: 'read' }>): void {
    const refusal = this.server.options.refuse?.(channel, this.user);
    if (refusal !== undefined) {
      this.send({ type: 'readErr', request, ...refusal });
      return;
    }
    const log = this.server.log(channel);
    const { epoch, first, head } = log;
    this.send({ type: 'page', request, channel, epoch, first, head, messages: log.after(after, limit) });
  }
}
