/** One tab on the shared connection: what it says, checked and handed on. */

import { FrameError } from '../codec/error.js';
import { type Asked, decodeRequest, type Said } from '../codec/v1/requests.js';
import type { FeedReader } from './feed.js';
import { FRAME_BYTES_MAX, PRODUCERS_MAX } from './limits.js';
import type { Mux } from './mux.js';

/** The way to the tab. */
export interface LinkPeer {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export class MuxLink implements FeedReader {
  readonly #mux: Mux;
  readonly #peer: LinkPeer;
  readonly #channels = new Set<string>();
  readonly #producers = new Set<string>();
  #producer: string | undefined;
  #isOver = false;

  constructor(mux: Mux, peer: LinkPeer) {
    this.#mux = mux;
    this.#peer = peer;
  }

  /** The tab said something. What cannot be understood ends its link, and nobody else's. */
  hear(text: string): void {
    if (this.#isOver) {
      return;
    }
    try {
      const request = decodeRequest(text, FRAME_BYTES_MAX);
      if ((request.type === 'hello') !== (this.#producer === undefined)) {
        this.end(1002, 'out of turn');
        return;
      }
      this.#answer(request, text);
    } catch (error) {
      if (!(error instanceof FrameError)) {
        throw error;
      }
      this.end(error.closeCode('client'), error.message.slice(0, 120));
    }
  }

  tell(text: string): void {
    if (!this.#isOver) {
      this.#peer.send(text);
    }
  }

  restart(why: string): void {
    this.end(1012, why);
  }

  /** Ends it from here. */
  end(code: number, reason: string): void {
    if (!this.#isOver) {
      this.leave();
      this.#peer.close(code, reason);
    }
  }

  /** The tab is gone. */
  leave(): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    this.#unsubscribe(this.#channels);
    this.#mux.left(this);
  }

  #answer(request: Said, text: string): void {
    switch (request.type) {
      case 'hello':
        this.#producer = request.producer;
        this.#mux.publishes(request.producer, this);
        this.tell(this.#mux.welcome());
        for (const asked of request.channels) {
          this.#subscribe(asked);
        }
        break;
      case 'subscribe':
        for (const asked of request.channels) {
          this.#subscribe(asked);
        }
        break;
      case 'unsubscribe':
        this.#unsubscribe(request.channels);
        this.tell(JSON.stringify({ t: 'unsub_ok', n: request.request }));
        break;
      case 'publish':
        this.#publish(request, text);
        break;
      case 'volatile':
        this.#mux.say(text);
        this.#mux.knownFeed(request.channel)?.echo(this, text);
        break;
      case 'read':
        this.#mux.read(this, request.request, {
          c: request.channel,
          after: request.after,
          limit: request.limit,
        });
        break;
      case 'ping':
        this.tell(JSON.stringify({ t: 'pong', n: request.nonce }));
        break;
      case 'bye':
      case 'auth':
      case 'pong':
        break; // The leader greets, shows credentials and pings for all.
    }
  }

  #subscribe({ channel, epoch, offset }: Asked): void {
    this.#channels.add(channel);
    this.#mux
      .feed(channel)
      .ask(this, epoch === undefined || offset === undefined ? undefined : { epoch, offset });
  }

  #unsubscribe(channels: Iterable<string>): void {
    const left = [...channels];
    for (const channel of left) {
      this.#channels.delete(channel);
      this.#mux.knownFeed(channel)?.leave(this);
    }
    this.#mux.tidy(left);
  }

  /** The text goes out as the tab made it; only its producer is added, which the greeting of this connection does not name. */
  #publish({ channel, producer, sequence }: Extract<Said, { type: 'publish' }>, text: string): void {
    const named = producer ?? (this.#producer as string);
    const out = producer === undefined ? `{"p":${JSON.stringify(named)},${text.trimStart().slice(1)}` : text;
    if (this.#mux.isTooLong(out)) {
      const nack = {
        t: 'nack',
        c: channel,
        p: named,
        s: sequence,
        code: 1009,
        why: 'larger than the server takes',
      };
      this.tell(JSON.stringify(nack));
      return;
    }
    if (!this.#producers.has(named) && this.#producers.size >= PRODUCERS_MAX) {
      this.end(1013, `at most ${PRODUCERS_MAX} producers`);
      return;
    }
    this.#producers.add(named);
    this.#mux.publishes(named, this);
    this.#mux.say(out);
  }
}
