/**
 * One socket for several tabs. It stands between the real socket and the engine of the leader, which greets, pings and
 * moves as ever; what tabs say goes beside it, and what the server answers them is handed to them.
 *
 * Publishes keep the producer and the number that their tab gave them, and are sent again by their tab until it sees the
 * acknowledgement. So nothing is remembered here, and nothing can be lost or doubled here.
 */

import type { SocketLike } from '../api.js';
import { isLonger } from '../codec/text.js';
import { Feed, type FeedNews } from './feed.js';
import { TAB_HEARTBEAT_MS } from './limits.js';
import { type LinkPeer, MuxLink } from './mux-link.js';

export interface MuxHost {
  /** The server has greeted: tabs can be served. */
  up(mux: Mux): void;
  /** The socket is gone, or left. Returns with which code and reason its tabs are let go. */
  down(mux: Mux): readonly [code: number, reason: string];
}

/** A frame of the server, parsed; only what it takes to hand it on. */
type ServerFrame = Readonly<Record<string, unknown>> & { readonly t?: unknown };

export class Mux {
  /** What the leader's engine gets instead of the real socket. */
  readonly socket: SocketLike;
  readonly #real: SocketLike;
  readonly #host: MuxHost;
  readonly #links = new Set<MuxLink>();
  readonly #feeds = new Map<string, Feed>();
  readonly #producers = new Map<string, MuxLink>();
  readonly #reads = new Map<number, { readonly link: MuxLink; readonly request: number }>();
  #requests = 0;
  #welcome: ServerFrame | undefined;
  #isUp = false;
  #isOver = false;

  constructor(real: SocketLike, host: MuxHost) {
    this.#real = real;
    this.#host = host;
    this.socket = this.#facade();
  }

  /** Serves one more tab. */
  link(peer: LinkPeer): MuxLink {
    const link = new MuxLink(this, peer);
    this.#links.add(link);
    return link;
  }

  // -------------------------------------------------------------------------------------------------------------
  // What links need

  /** The greeting of the server, as tabs get it: the leader answers their heartbeats, and spares nobody. */
  welcome(): string {
    const retry = { window_ms: 0 };
    return JSON.stringify({ ...this.#welcome, hb: TAB_HEARTBEAT_MS, retry });
  }

  feed(channel: string): Feed {
    const known = this.#feeds.get(channel);
    if (known !== undefined) {
      return known;
    }
    const feed = new Feed(channel, (from) => {
      const place = from === undefined ? { c: channel } : { c: channel, ep: from.epoch, o: from.offset };
      this.say(JSON.stringify({ t: 'sub', subs: [place] }));
    });
    this.#feeds.set(channel, feed);
    return feed;
  }

  knownFeed(channel: string): Feed | undefined {
    return this.#feeds.get(channel);
  }

  /** Gives up the channels that nobody reads any more. */
  tidy(channels: Iterable<string>): void {
    const unread = [...channels].filter((channel) => this.#feeds.get(channel)?.isIdle);
    if (unread.length > 0) {
      for (const channel of unread) {
        this.#feeds.delete(channel);
      }
      this.say(JSON.stringify({ t: 'unsub', n: this.#number(), cs: unread }));
    }
  }

  /** Notes who publishes for a producer: its acknowledgements go there. */
  publishes(producer: string, link: MuxLink): void {
    this.#producers.set(producer, link);
  }

  read(
    link: MuxLink,
    request: number,
    frame: { readonly c: string; readonly after: number; readonly limit: number },
  ): void {
    const n = this.#number();
    this.#reads.set(n, { link, request });
    this.say(JSON.stringify({ t: 'read', n, ...frame }));
  }

  /** Whether the server would take it. */
  isTooLong(text: string): boolean {
    const limits = this.#welcome?.lim as { frame?: unknown } | undefined;
    return typeof limits?.frame === 'number' && isLonger(text, limits.frame);
  }

  say(text: string): void {
    if (!this.#isOver) {
      this.#real.send(text);
    }
  }

  left(link: MuxLink): void {
    this.#links.delete(link);
    for (const [producer, publisher] of this.#producers) {
      if (publisher === link) {
        this.#producers.delete(producer);
      }
    }
    for (const [n, read] of this.#reads) {
      if (read.link === link) {
        this.#reads.delete(n);
      }
    }
  }

  // -------------------------------------------------------------------------------------------------------------
  // What the server says

  /** Returns whether it was for a tab; everything else is for the leader's engine. */
  #hear(data: unknown): boolean {
    const frame = typeof data === 'string' ? parse(data) : undefined;
    if (frame === undefined) {
      return false; // The engine says what is wrong with it.
    }
    const text = data as string;
    switch (frame.t) {
      case 'welcome':
        this.#welcome = frame;
        return false;
      case 'ack':
      case 'nack':
        return this.#answered(frame.p, text);
      case 'sub_ok':
      case 'sub_err':
      case 'msg':
      case 'gap':
      case 'vol':
      case 'ret':
        this.#news(frame, text);
        return true;
      case 'page':
      case 'read_err':
        return this.#page(frame);
      case 'unsub_ok':
        return true;
      default:
        return false;
    }
  }

  #answered(producer: unknown, text: string): boolean {
    const link = typeof producer === 'string' ? this.#producers.get(producer) : undefined;
    link?.tell(text);
    return true;
  }

  #news(frame: ServerFrame, text: string): void {
    const { c } = frame;
    if (typeof c !== 'string') {
      return;
    }
    const feed = this.#feeds.get(c);
    feed?.hear(frame as unknown as FeedNews, text);
    if (feed?.isIdle) {
      this.tidy([c]);
    }
  }

  #page(frame: ServerFrame): boolean {
    const read = this.#reads.get(frame.n as number);
    this.#reads.delete(frame.n as number);
    read?.link.tell(JSON.stringify({ ...frame, n: read.request }));
    return true;
  }

  #number(): number {
    this.#requests = (this.#requests + 1) % 2 ** 32;
    return this.#requests;
  }

  // -------------------------------------------------------------------------------------------------------------
  // The socket

  #facade(): SocketLike {
    const real = this.#real;
    const facade: SocketLike = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      get binaryType() {
        return real.binaryType;
      },
      set binaryType(type) {
        real.binaryType = type;
      },
      get bufferedAmount() {
        return real.bufferedAmount;
      },
      get protocol() {
        return real.protocol;
      },
      get readyState() {
        return real.readyState;
      },
      send: (data) => real.send(data),
      close: (code, reason) => {
        this.#end();
        real.close(code, reason);
      },
    };
    real.onopen = (event) => facade.onopen?.call(real as never, event);
    real.onerror = (event) => facade.onerror?.call(real as never, event);
    real.onclose = (event) => {
      facade.onclose?.call(real as never, event);
      this.#end();
    };
    real.onmessage = (event) => {
      if (this.#isOver || this.#hear(event.data)) {
        return;
      }
      const isGreeting = this.#welcome !== undefined && !this.#isUp;
      facade.onmessage?.call(real as never, event);
      if (isGreeting && !this.#isOver) {
        this.#isUp = true;
        this.#host.up(this);
      }
    };
    return facade;
  }

  #end(): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    const [code, reason] = this.#host.down(this);
    for (const link of [...this.#links]) {
      link.end(code, reason);
    }
  }
}

function parse(text: string): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && !Array.isArray(frame)
      ? (frame as ServerFrame)
      : undefined;
  } catch {
    return undefined;
  }
}
