/** A network in virtual time: latency, cuts, half-open connections, refusals and stalls. */

import type { SocketLike } from '../api.js';
import type { VirtualTime } from './virtual-time.js';

/** Takes connections at a URL: opens or refuses each. */
export interface Acceptor {
  accept(peer: Peer): void;
}

export class VirtualNetwork {
  /** Time from one side to the other, in milliseconds. Default: 1. */
  latencyMs = 1;
  /** Bytes that a socket gives to the system in a millisecond. Default: all at once. */
  bytesPerMs = Infinity;
  /** What happens to an attempt. Default: it is taken by whoever serves the URL, else refused. */
  dials: 'accept' | 'refuse' | 'stall' = 'accept';
  /** How many attempts there were. */
  dialCount = 0;
  private isFrozen = false;
  private readonly open = new Set<VirtualSocket>();
  private readonly acceptors = new Map<string, Acceptor>();
  private held: (() => void)[] = [];

  constructor(readonly time: VirtualTime) {}

  /** How many sockets are open or opening at the client. */
  get socketCount(): number {
    return this.open.size;
  }

  /** Takes connections at a URL, whatever its query. */
  serve(url: string, acceptor: Acceptor): void {
    this.acceptors.set(address(url), acceptor);
  }

  /** Nobody takes connections at a URL any more. */
  unserve(url: string): void {
    this.acceptors.delete(address(url));
  }

  /** Ends all connections without a word: both sides see 1006. */
  cut(): void {
    for (const socket of [...this.open]) socket.cut();
  }

  /** The connections that stand are half-open from now on: nothing comes or goes, and nobody is told. Others can be made. */
  halfOpen(): void {
    for (const socket of this.open) socket.isDead = true;
  }

  /** From now on nothing arrives, on no connection; `thaw` ends it. */
  freeze(): void {
    this.isFrozen = true;
  }

  /** What was under way arrives. */
  thaw(): void {
    this.isFrozen = false;
    for (const run of this.held.splice(0)) run();
  }

  /** Opens a socket; `Platform.openSocket`. */
  readonly openSocket = (url: string, protocols: readonly string[]): SocketLike => {
    this.dialCount += 1;
    const socket = new VirtualSocket(this, url, protocols);
    this.open.add(socket);
    if (this.dials === 'stall') return socket;
    this.carry(socket, () => {
      if (socket.readyState !== 0) return;
      const acceptor = this.dials === 'accept' ? this.acceptors.get(address(url)) : undefined;
      if (acceptor === undefined) socket.fail();
      else acceptor.accept(new Peer(this, socket, url, protocols));
    });
    return socket;
  };

  /** Takes something of a connection to the other side. */
  carry(socket: VirtualSocket, run: () => void): void {
    this.time.set(this.time.now + this.latencyMs, () => {
      if (socket.isDead) return;
      if (this.isFrozen) this.held.push(run);
      else run();
    });
  }

  /** A socket is gone. */
  forget(socket: VirtualSocket): void {
    this.open.delete(socket);
  }
}

/** The client's end of a connection: behaves as a browser's `WebSocket`. */
export class VirtualSocket implements SocketLike {
  binaryType: BinaryType = 'blob';
  bufferedAmount = 0;
  protocol = '';
  readyState: 0 | 1 | 2 | 3 = 0;
  /** Half-open: nothing comes or goes any more, and nobody is told. */
  isDead = false;
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  peer: Peer | undefined;
  private drainedAt = 0;

  constructor(
    private readonly network: VirtualNetwork,
    readonly url: string,
    readonly protocols: readonly string[],
  ) {}

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (this.readyState === 0) throw new Error('InvalidStateError: the socket is still connecting');
    const { time, bytesPerMs } = this.network;
    const message = typeof data === 'string' ? data : new Uint8Array(data as Uint8Array).slice();
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message).length : message.byteLength;
    this.bufferedAmount += bytes;
    if (this.readyState !== 1) return;
    this.drainedAt = Math.max(this.drainedAt, time.now) + bytes / bytesPerMs;
    time.set(this.drainedAt, () => {
      if (this.readyState === 3) return;
      this.bufferedAmount -= bytes;
      this.network.carry(this, () => this.peer?.takes(message));
    });
  }

  close(code?: number, reason = ''): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new Error(`InvalidAccessError: a page may not close with ${code}`);
    }
    if (this.readyState >= 2) return;
    if (this.readyState === 0) {
      // The attempt is given up; browsers tell it as a failed one.
      this.readyState = 2;
      this.network.time.set(this.network.time.now, () => this.ended(1006, ''));
      return;
    }
    this.readyState = 2;
    const said = code ?? 1005;
    this.network.time.set(this.drainedAt, () =>
      this.network.carry(this, () => {
        this.peer?.ends(said, reason);
        this.network.carry(this, () => this.ended(said, reason));
      }),
    );
  }

  /** The connection stands. */
  opened(protocol: string): void {
    if (this.readyState !== 0) {
      // It was given up while the answer was under way.
      this.peer?.ends(1006, '');
      return;
    }
    this.readyState = 1;
    this.protocol = protocol;
    this.onopen?.call(this as never, new Event('open'));
  }

  /** Something came. */
  takes(data: string | Uint8Array): void {
    if (this.readyState !== 1) return;
    const value = typeof data === 'string' ? data : data.slice().buffer;
    this.onmessage?.call(this as never, new MessageEvent('message', { data: value }));
  }

  /** The attempt failed. */
  fail(): void {
    if (this.readyState === 3) return;
    this.onerror?.call(this as never, new Event('error'));
    this.ended(1006, '');
  }

  /** It is over. */
  ended(code: number, reason: string): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.network.forget(this);
    const event = Object.assign(new Event('close'), { code, reason, wasClean: code !== 1006 });
    this.onclose?.call(this as never, event as CloseEvent);
  }

  /** Both sides lose the connection. */
  cut(): void {
    this.peer?.ends(1006, '');
    this.fail();
  }
}

/** The server's end of a connection. */
export class Peer {
  onMessage: (data: string | Uint8Array) => void = () => undefined;
  onEnd: (code: number, reason: string) => void = () => undefined;
  isOpen = false;
  private isOver = false;

  constructor(
    private readonly network: VirtualNetwork,
    private readonly socket: VirtualSocket,
    readonly url: string,
    /** What the client offers. */
    readonly protocols: readonly string[],
  ) {}

  /** Takes the connection, with one of the subprotocols. */
  open(protocol = ''): void {
    if (this.isOver) return;
    this.isOpen = true;
    this.socket.peer = this;
    this.network.carry(this.socket, () => this.socket.opened(protocol));
  }

  /** Refuses the connection: a browser sees 1006. */
  refuse(): void {
    this.isOver = true;
    this.network.carry(this.socket, () => this.socket.fail());
  }

  send(data: string | Uint8Array): void {
    if (this.isOpen) this.network.carry(this.socket, () => this.socket.takes(data));
  }

  close(code = 1000, reason = ''): void {
    if (!this.isOpen) return;
    this.network.carry(this.socket, () => this.socket.ended(code, reason));
    this.ends(code, reason);
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.socket.cut();
  }

  /** Something came. */
  takes(data: string | Uint8Array): void {
    if (this.isOpen) this.onMessage(data);
  }

  /** The client is gone. */
  ends(code: number, reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isOpen = false;
    this.onEnd(code, reason);
  }
}

function address(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}
