/** `everlink.v1` as the driver speaks it: names for the engine's numbers, and what frames say beside them. */

import { utf8Length } from '../codec/text.js';
import { decodeReply } from '../codec/v1/decode.js';
import { encodeRequest, quote } from '../codec/v1/encode.js';
import {
  BATCH_MAX,
  CHANNEL_BYTES_MAX,
  HELLO_BYTES_MAX,
  NAME_BYTES_MAX,
  type Place,
  type Reply,
  type Request,
  type Stored,
  SUBPROTOCOL,
  type Welcome,
} from '../codec/v1/frames.js';
import type { Origin, PageMessage, Received, Transmit, Wanted } from '../engine/types.js';
import { HeardNames, Names, randomName } from './names.js';
import type { Body, Heard, Speech, Talk } from './speech.js';

/** What is known of a stored message besides its place. */
export type Details = Pick<Stored, 'producer' | 'id' | 'user' | 'at'>;

/** What the frame says that is handed to the engine just now, besides what the engine needs. */
export interface Arriving {
  readonly message?: Details;
  readonly page?: readonly Details[];
  /** The kind of a volatile or retained value, and whose it is. */
  readonly value?: { readonly key: string; readonly user: string | undefined };
  readonly why?: string;
  /** Where the server wants us to go. */
  readonly url?: string | undefined;
  /** A channel is attached: the last offset in its log now. */
  readonly attached?: { readonly epoch: number; readonly head: number };
}

type Greeting = Extract<Transmit<Body>, { type: 'hello' }>;

/** One client's side of the protocol. */
export class V1Speech implements Speech {
  readonly protocols = [SUBPROTOCOL];
  readonly isStrict = true;
  readonly greets = true;
  readonly channels = new Names('channel', CHANNEL_BYTES_MAX);
  /** Kinds of values that this side says. */
  readonly kinds = new Names('key', NAME_BYTES_MAX);
  arriving: Arriving = {};
  /** What the last greeting was answered with. */
  welcome: Welcome | undefined;
  /** The producer of this run; a fresh one, so that nothing of an earlier run is taken for its own. */
  producer = '';
  /** The same as others see it. */
  private producerSeen = '';
  /** Names this client for as long as it lives. */
  private readonly client: string;
  /** Producers of earlier runs, whose messages are sent on. */
  private readonly earlier = new Names('producer', NAME_BYTES_MAX, 1);
  /** Producers and kinds that the server names. */
  private readonly heard = new HeardNames();

  constructor(
    private readonly random: () => number,
    private readonly frameMax: number,
  ) {
    this.client = randomName(random);
    this.renewProducer();
  }

  /** Takes another producer: what the old one left is somebody else's now. */
  renewProducer(): void {
    this.producer = randomName(this.random);
    this.producerSeen = this.producer + this.suffix;
  }

  /** Returns the number of a producer that an earlier run, or this one, named. */
  producerId(name: string): number {
    return name === this.producer ? 0 : this.earlier.register(name);
  }

  /** Returns whether messages of a producer, as others see it, are ours: of this run, or of one whose rest we send. */
  isOwn(producer: string): boolean {
    if (producer === this.producerSeen) return true;
    const { suffix } = this;
    return (
      producer.endsWith(suffix) &&
      this.earlier.id(producer.slice(0, producer.length - suffix.length)) !== undefined
    );
  }

  /** What the server appends to our producers where others see them. */
  private get suffix(): string {
    return this.welcome?.suffix ?? '';
  }

  say(frame: Transmit<Body>, talk: Talk): string | undefined {
    if (frame.type === 'hello') return this.greet(frame, talk);
    const request = this.request(frame);
    return request && encodeRequest(request);
  }

  authenticate(token: string): string {
    return encodeRequest({ type: 'auth', token });
  }

  hear(data: string | Uint8Array, talk: Talk): Heard {
    this.arriving = {};
    const reply = decodeReply(data, this.frameMax);
    if (reply.type === 'authOk') return { type: 'authenticated', lastsMs: reply.expiresMs };
    if (reply.type === 'err') {
      const { code, fatal, why } = reply;
      talk.retryAfterMs = reply.retryMs ?? talk.retryAfterMs;
      if (fatal) talk.trouble = why;
      return { type: 'trouble', code, fatal, why };
    }
    const frame = this.frame(reply);
    return frame === undefined ? { type: 'life' } : { type: 'frame', frame };
  }

  get sentTo(): string | undefined {
    return this.arriving.url;
  }

  told(): void {
    this.arriving = {};
  }

  /** Greets with as many channels as fit; the others are asked for once the server has answered. */
  private greet({ channels, last }: Greeting, talk: Talk): string {
    const places = this.places(channels);
    const { client, producer, frameMax } = this;
    const hello = {
      type: 'hello',
      version: 1,
      client,
      producer,
      token: talk.token,
      frameMax,
      last: last && { ...last, upMs: Math.round(last.upMs) },
    } as const;
    let room = HELLO_BYTES_MAX - utf8Length(encodeRequest({ ...hello, channels: [] }));
    let fits = 0;
    for (const place of places.slice(0, BATCH_MAX)) {
      room -= utf8Length(quote(place.channel)) + PLACE_BYTES_MAX;
      if (room < 0) break;
      fits += 1;
    }
    talk.later = [];
    for (let at = fits; at < places.length; at += BATCH_MAX) {
      talk.later.push(encodeRequest({ type: 'subscribe', channels: places.slice(at, at + BATCH_MAX) }));
    }
    return encodeRequest({ ...hello, channels: places.slice(0, fits) });
  }

  private places(wanted: readonly Wanted[]): Place[] {
    return wanted.map(({ channel, from }) => ({ channel: this.channelName(channel), from }));
  }

  private channelName(id: number): string {
    return this.channels.name(id) ?? '';
  }

  /** Gives the engine's frames their names; the greeting needs more than the engine knows. */
  private request(frame: Exclude<Transmit<Body>, { type: 'hello' }>): Request | undefined {
    switch (frame.type) {
      case 'publish': {
        const { producer, sequence } = frame.origin;
        return {
          type: 'publish',
          channel: this.channelName(frame.channel),
          producer: this.earlier.name(producer),
          sequence,
          before: frame.before,
          payload: frame.payload as string | Uint8Array,
        };
      }
      case 'volatile':
        return {
          type: 'volatile',
          channel: this.channelName(frame.channel),
          key: this.kinds.name(frame.key) ?? '',
          payload: frame.payload as string | Uint8Array,
        };
      case 'read':
        return { ...frame, channel: this.channelName(frame.channel) };
      case 'subscribe':
        return { type: 'subscribe', channels: this.places(frame.channels) };
      case 'unsubscribe':
        return { ...frame, channels: frame.channels.map((id) => this.channelName(id)) };
      case 'ping':
        return { type: 'ping', nonce: frame.nonce };
      case 'pong':
        return { type: 'pong', nonce: frame.nonce ?? 0 };
      case 'bye':
        return frame;
      case 'message':
        // The engine makes none in a dialect that acknowledges.
        return undefined;
    }
  }

  /** Returns the frame for the engine; `undefined` if it is about something that nobody knows here. */
  private frame(reply: Exclude<Reply, { type: 'authOk' | 'err' }>): Received<Body> | undefined {
    if ('why' in reply) this.arriving = { why: reply.why };
    switch (reply.type) {
      case 'welcome':
        return this.welcomed(reply);
      case 'pong':
        return { type: 'pong', level: 'application', nonce: reply.nonce, windowMs: reply.windowMs };
      case 'unsubscribeOk':
        return { type: 'requestOk', request: reply.request };
      case 'away':
        this.arriving = { url: reply.url };
        return { type: 'away', reason: reply.reason, slotMs: reply.slotMs };
      case 'ping':
      case 'bye':
      case 'readErr':
        return reply;
      default: {
        const channel = this.channels.id(reply.channel);
        return channel === undefined ? undefined : this.channelFrame(reply, channel);
      }
    }
  }

  private channelFrame(
    reply: Extract<Reply, { channel: string }>,
    channel: number,
  ): Received<Body> | undefined {
    switch (reply.type) {
      case 'ack':
      case 'nack': {
        const origin = this.ours(reply.producer, reply.sequence);
        return origin && { ...reply, channel, origin };
      }
      case 'message': {
        this.arriving = { message: reply };
        const { offset, epoch, payload } = reply;
        return { type: 'delivery', channel, offset, epoch, origin: this.origin(reply), payload };
      }
      case 'volatile':
      case 'retained': {
        const user = reply.type === 'volatile' ? reply.user : undefined;
        this.arriving = { value: { key: reply.key, user } };
        return { ...reply, channel, key: this.heard.number(reply.key) };
      }
      case 'subscribeOk':
        this.arriving = { attached: reply };
        return { ...reply, channel };
      case 'page': {
        this.arriving = { page: reply.messages };
        const { epoch, first, head, request } = reply;
        const messages = reply.messages.map((stored) => this.pageMessage(stored));
        return { type: 'page', request, channel, page: { epoch, first, head, messages } };
      }
      default:
        return { ...reply, channel };
    }
  }

  private pageMessage(stored: Stored): PageMessage<Body> {
    return { offset: stored.offset, origin: this.origin(stored), payload: stored.payload };
  }

  private welcomed(welcome: Welcome): Received<Body> {
    this.welcome = welcome;
    this.producerSeen = this.producer + this.suffix;
    const { heartbeatMs, returnWindowMs, backoffMaxMs, rate, originTtlMs, kept } = welcome;
    const [intervalMs, timeoutMs] = heartbeatMs;
    const heartbeat = { intervalMs, timeoutMs };
    return { type: 'welcome', heartbeat, returnWindowMs, backoffMaxMs, rate, originTtlMs, kept };
  }

  /** Returns the origin that an answer is about, if it is one of ours. */
  private ours(producer: string | undefined, sequence: number): Origin | undefined {
    if (producer === undefined || producer === this.producer) return { producer: 0, sequence };
    const earlier = this.earlier.id(producer);
    return earlier === undefined ? undefined : { producer: earlier, sequence };
  }

  private origin({ producer, sequence }: Stored): Origin {
    return { producer: producer === this.producerSeen ? 0 : this.heard.number(producer), sequence };
  }
}

/** A channel in the greeting besides its name: keys and two numbers of 16 digits. */
const PLACE_BYTES_MAX = 64;
