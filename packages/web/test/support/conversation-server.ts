/** The plain JSON of our server in virtual time: one conversation's log, told from where a URL says. */

import type { Peer } from '../../src/testing/network.js';
import type { VirtualPlatform } from '../../src/testing/virtual-platform.js';

interface Stored {
  readonly id: string;
  readonly sequence_number: number;
  readonly plaintext: unknown;
}

export class ConversationServer {
  readonly log: Stored[] = [];
  readonly peers = new Set<Peer>();
  /** The URL of each attempt that was taken. */
  readonly urls: URL[] = [];
  /** Everything that came but pings, in order. */
  readonly received: Record<string, unknown>[] = [];
  epoch = 7;
  /** Longest text that is taken: a longer one ends the connection. */
  textMax = Number.POSITIVE_INFINITY;
  /** Texts that are not permitted. */
  readonly forbidden = new Set<unknown>();
  /** Connections that are dead and open: nothing that is sent on them arrives. */
  readonly dead = new Set<Peer>();
  /** Swallows acknowledgements, as a server does that dies before it says them. */
  isSilent = false;
  readonly #platform: VirtualPlatform;

  constructor(platform: VirtualPlatform, url: string) {
    this.#platform = platform;
    platform.network.serve(url, { accept: (peer) => this.#accept(peer) });
  }

  /** Stores a message and tells all. */
  store(plaintext: unknown, id = `m-${this.log.length + 1}`): void {
    if (this.log.some((other) => other.id === id)) {
      return;
    }
    const stored = { id, sequence_number: this.log.length + 1, plaintext };
    this.log.push(stored);
    for (const peer of this.peers) {
      this.#tell(peer, stored);
    }
  }

  /** The log is gone, and another one begins. */
  loseLog(): void {
    this.log.splice(0);
    this.epoch += 1;
  }

  get texts(): unknown[] {
    return this.log.map(({ plaintext }) => plaintext);
  }

  /** Ends all connections without a word, takes none for `ms`, and stores `meanwhile` then. */
  async outage(meanwhile: () => void): Promise<void> {
    const { network } = this.#platform;
    network.dials = 'refuse';
    network.cut();
    await this.#platform.advance(10);
    meanwhile();
    network.dials = 'accept';
  }

  #accept(peer: Peer): void {
    const url = new URL(peer.url);
    this.urls.push(url);
    peer.open();
    this.peers.add(peer);
    peer.onEnd = () => void this.peers.delete(peer);
    peer.onMessage = (data) => this.#heard(peer, JSON.parse(data as string) as Record<string, unknown>);
    const after = url.searchParams.get('after');
    const epoch = url.searchParams.get('epoch');
    const replay = Number(url.searchParams.get('replay') ?? 200);
    const isSameLife = epoch === null || Number(epoch) === this.epoch;
    const from = after === null ? Math.max(0, this.log.length - replay) : isSameLife ? Number(after) : 0;
    const told = this.log.slice(from);
    if (url.searchParams.get('events')?.split(',').includes('ready') === true) {
      const head = this.log.length;
      peer.send(
        JSON.stringify({ type: 'ready', epoch: this.epoch, sequence_number: head, replay: told.length }),
      );
    }
    for (const stored of told) {
      this.#tell(peer, stored);
    }
  }

  #heard(peer: Peer, frame: Record<string, unknown>): void {
    if (this.dead.has(peer)) {
      return;
    }
    if (frame['type'] === 'ping') {
      peer.send('{"type":"pong"}');
      return;
    }
    this.received.push(frame);
    if (frame['type'] === 'message') {
      const id = String(frame['id']);
      const text = frame['message'] ?? (frame['payload'] as { plaintext?: unknown }).plaintext;
      if (String(text).length > this.textMax) {
        peer.close(1009, 'too big');
        return;
      }
      if (this.forbidden.has(text)) {
        peer.send(JSON.stringify({ type: 'error', code: 4403, message: 'not permitted', id }));
        return;
      }
      this.store(text, id);
      if (!this.isSilent) {
        peer.send(
          JSON.stringify({ type: 'ack', id, sequence_number: this.log.findIndex((m) => m.id === id) + 1 }),
        );
      }
    }
  }

  #tell(peer: Peer, stored: Stored): void {
    const type = peer.url.includes('/ws/chat/') ? 'chat_message' : 'message';
    peer.send(JSON.stringify({ type, ...stored }));
  }
}
