/** One attempt and the socket that comes of it. */

import type { SocketLike } from '../api.js';
import type { Renewal } from './renewal.js';
import type { Talk } from './speech.js';

export class Transport {
  readonly talk: Talk = { token: undefined, later: [], retryAfterMs: undefined, trouble: undefined };
  /** Fresh credentials for as long as it stands. */
  renewal: Renewal | undefined;
  isOpen = false;
  /** It was left: nothing of it is told any more. */
  isLeft = false;
  /** Our close frame is under way. */
  isClosing = false;
  private socket: SocketLike | undefined;
  private readonly abort = new AbortController();
  /** Bytes that the socket was given. */
  private given = 0;
  /** The value of `given` at the end of each frame that is not with the system yet. */
  private readonly ends: number[] = [];
  private left = 0;

  constructor(
    readonly id: number,
    readonly endpoint: number,
  ) {}

  /** Aborted when the attempt or the socket is left. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** What the server chose. */
  get protocol(): string {
    return this.socket?.protocol ?? '';
  }

  attach(socket: SocketLike, handlers: Handlers): void {
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = handlers.onOpen;
    socket.onmessage = (event) => handlers.onMessage(event.data);
    socket.onclose = (event) => handlers.onClose(event.code, event.reason);
    socket.onerror = handlers.onError;
  }

  /** Gives a message to the socket; counts it if the engine does. */
  give(data: string | Uint8Array | undefined, counts: boolean): void {
    const { socket } = this;
    if (socket === undefined) return;
    if (data !== undefined && !this.isClosing) {
      const before = buffered(socket);
      socket.send(data as string);
      this.given += Math.max(0, buffered(socket) - before);
    }
    if (counts) this.ends.push(this.given);
  }

  /** Whether frames wait to be with the system. */
  get isWriting(): boolean {
    return this.ends.length > 0 && !this.isClosing;
  }

  /** Returns how many frames went to the system since this was last asked; `undefined` if nothing moved. */
  takeWritten(): number | undefined {
    if (this.socket === undefined || !this.isWriting) return undefined;
    const left = Math.min(buffered(this.socket), this.given);
    const written = this.given - left;
    let frames = 0;
    while (frames < this.ends.length && (this.ends[frames] as number) <= written) frames += 1;
    const moved = frames > 0 || left < this.left;
    this.left = left;
    this.ends.splice(0, frames);
    return moved ? frames : undefined;
  }

  /** Sends a close frame behind what was given; only the end is still of interest. */
  close(code: number): void {
    this.isClosing = true;
    this.renewal = undefined;
    this.ends.length = 0;
    this.abort.abort();
    if (this.socket === undefined) return;
    this.socket.onmessage = null;
    this.socket.onopen = null;
    closeSocket(this.socket, code);
  }

  /** Leaves it for good. The browser may hold on to a dead socket; it has nobody to tell. */
  leave(code = 1000): void {
    if (this.isLeft) return;
    this.isLeft = true;
    this.renewal = undefined;
    this.abort.abort();
    const { socket } = this;
    this.socket = undefined;
    if (socket === undefined) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.onerror = ignore;
    closeSocket(socket, code);
  }
}

export interface Handlers {
  onOpen(): void;
  onMessage(data: unknown): void;
  onClose(code: number, reason: string): void;
  onError(): void;
}

/** Closes a socket with a code that a page may say: those of the protocol below 3000 are said as 4002, 4007 and so on. */
function closeSocket(socket: SocketLike, code: number): void {
  const said = code === 1000 || code >= 3000 ? code : 4000 + (code % 1000);
  try {
    socket.close(said);
  } catch {
    // A runtime that refuses the code; the socket must go all the same.
    socket.close();
  }
}

/** Some runtimes do not count; then everything is with the system at once. */
function buffered(socket: SocketLike): number {
  return socket.bufferedAmount || 0;
}

function ignore(): void {
  // Without a handler some runtimes throw what nobody can catch.
}
