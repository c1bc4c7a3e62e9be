/** A server that does what a test says, message by message. */

import type { Peer } from './network.js';
import type { VirtualPlatform } from './virtual-platform.js';

export interface ScriptedServerOptions {
  /** Chooses a subprotocol of those offered. Default: none. */
  readonly protocol?: (offered: readonly string[]) => string;
}

export class ScriptedServer {
  /** All connections so far, the newest last. */
  readonly connections: ScriptedConnection[] = [];
  private taken = 0;

  constructor(
    private readonly platform: VirtualPlatform,
    url: string,
    options: ScriptedServerOptions = {},
  ) {
    platform.network.serve(url, {
      accept: (peer) => {
        this.connections.push(new ScriptedConnection(platform, peer));
        peer.open(options.protocol?.(peer.protocols) ?? '');
      },
    });
  }

  /** Waits, in virtual time, for the next connection. */
  async next(limitMs?: number): Promise<ScriptedConnection> {
    await this.platform.until(() => this.connections.length > this.taken, limitMs);
    this.taken += 1;
    return this.connections[this.taken - 1] as ScriptedConnection;
  }

  /** How many connections stand. */
  get openCount(): number {
    return this.connections.filter(({ isOpen }) => isOpen).length;
  }
}

export class ScriptedConnection {
  /** Everything that came and nobody expected yet. */
  readonly received: (string | Uint8Array)[] = [];
  /** How it ended, once it did. */
  ended: { readonly code: number; readonly reason: string } | undefined;

  constructor(
    private readonly platform: VirtualPlatform,
    private readonly peer: Peer,
  ) {
    peer.onMessage = (data) => void this.received.push(data);
    peer.onEnd = (code, reason) => {
      this.ended = { code, reason };
    };
  }

  get isOpen(): boolean {
    return this.peer.isOpen;
  }

  /** The URL and the subprotocols that the client came with. */
  get request(): { readonly url: string; readonly protocols: readonly string[] } {
    return { url: this.peer.url, protocols: this.peer.protocols };
  }

  /** Waits, in virtual time, for the next message. Throws if none comes within `limitMs`. */
  async receive(limitMs?: number): Promise<string | Uint8Array> {
    await this.platform.until(() => this.received.length > 0, limitMs);
    return this.received.shift() as string | Uint8Array;
  }

  /** Waits for the next message and parses it. */
  async receiveJson(limitMs?: number): Promise<unknown> {
    return JSON.parse((await this.receive(limitMs)) as string) as unknown;
  }

  /** Sends a text, bytes, or anything else as JSON. */
  send(data: unknown): void {
    this.peer.send(typeof data === 'string' || data instanceof Uint8Array ? data : JSON.stringify(data));
  }

  close(code?: number, reason?: string): void {
    this.peer.close(code, reason);
  }

  /** Ends it without a word. */
  cut(): void {
    this.peer.cut();
  }
}
