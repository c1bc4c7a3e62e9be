/** A socket that can be broken while it stands. */

import type { SocketLike } from '../../../src/api.js';

/** What a {@link BreakableSocket} asks of the network that it is part of. */
export interface Conditions {
  /** How long a message takes in each direction, in milliseconds. */
  delayMs(): number;
  /** Calls `run` after a time. Returns how to cancel it. */
  after(ms: number, run: () => void): () => void;
}

type Frame = Parameters<WebSocket['send']>[0];

/**
 * Stands between a client and a real socket, and behaves as the client would find a real one behind a network that
 * delays, swallows or cuts.
 */
export class BreakableSocket implements SocketLike {
  onopen: WebSocket['onopen'] = null;
  onmessage: WebSocket['onmessage'] = null;
  onclose: WebSocket['onclose'] = null;
  onerror: WebSocket['onerror'] = null;

  readonly #real: SocketLike;
  readonly #conditions: Conditions;
  /** What is under way, in both directions. */
  readonly #underWay = new Set<() => void>();
  #frozen = false;
  #ended = false;
  /** When the last message of a direction arrives: a later one does not overtake it. */
  #upFreeAt = 0;
  #downFreeAt = 0;

  constructor(
    real: SocketLike,
    conditions: Conditions,
    readonly onEnd: (socket: BreakableSocket) => void,
  ) {
    this.#real = real;
    this.#conditions = conditions;
    real.onopen = (event) => this.#down(() => this.onopen?.call(this.#self, event));
    real.onmessage = (event) => this.#down(() => this.onmessage?.call(this.#self, event));
    real.onerror = (event) => this.#down(() => this.onerror?.call(this.#self, event));
    real.onclose = (event) => this.#down(() => this.#end(event));
  }

  get binaryType(): BinaryType {
    return this.#real.binaryType;
  }

  set binaryType(type: BinaryType) {
    this.#real.binaryType = type;
  }

  get bufferedAmount(): number {
    return this.#real.bufferedAmount;
  }

  get protocol(): string {
    return this.#real.protocol;
  }

  get readyState(): SocketLike['readyState'] {
    return this.#ended ? CLOSED : this.#real.readyState;
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  send(data: Frame): void {
    if (!this.#frozen) this.#up(() => this.#real.send(data));
  }

  close(code?: number, reason?: string): void {
    if (!this.#frozen) {
      this.#up(() => this.#real.close(code, reason));
      return;
    }
    // Nobody answers to it.
    this.#silence();
    this.#ended = true;
    this.onEnd(this);
  }

  /** From now on nothing goes through, either way, and nobody is told. */
  freeze(): void {
    this.#frozen = true;
    this.#forget();
  }

  /** Ends it as a reset by the network does. */
  cut(): void {
    if (this.#ended) return;
    this.#silence();
    this.#end(closing(1006));
  }

  /** Lets go of the real socket without telling anybody. */
  #silence(): void {
    this.#forget();
    this.#real.onopen = this.#real.onmessage = this.#real.onclose = this.#real.onerror = null;
    this.#real.close();
  }

  #up(run: () => void): void {
    this.#upFreeAt = this.#carry(this.#upFreeAt, run);
  }

  #down(run: () => void): void {
    if (!this.#frozen) this.#downFreeAt = this.#carry(this.#downFreeAt, run);
  }

  #carry(freeAt: number, run: () => void): number {
    const now = performance.now();
    const at = Math.max(freeAt, now + this.#conditions.delayMs());
    if (at <= now) {
      run();
      return now;
    }
    const cancel = this.#conditions.after(at - now, () => {
      this.#underWay.delete(cancel);
      run();
    });
    this.#underWay.add(cancel);
    return at;
  }

  #forget(): void {
    for (const cancel of this.#underWay) cancel();
    this.#underWay.clear();
  }

  #end(event: CloseEvent): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#forget();
    this.onEnd(this);
    this.onclose?.call(this.#self, event);
  }

  /** Handlers are typed for a whole `WebSocket`; they use what {@link SocketLike} has. */
  get #self(): WebSocket {
    return this as unknown as WebSocket;
  }
}

/** A socket that cannot be opened, as without a network. */
export function refusedSocket(after: Conditions['after']): SocketLike {
  const socket: SocketLike = {
    binaryType: 'blob',
    bufferedAmount: 0,
    protocol: '',
    readyState: 0,
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    send: () => undefined,
    close: () => cancel(),
  };
  const cancel = after(REFUSED_AFTER_MS, () => {
    Object.assign(socket, { readyState: CLOSED });
    const self = socket as unknown as WebSocket;
    socket.onerror?.call(self, { type: 'error' } as Event);
    socket.onclose?.call(self, closing(1006));
  });
  return socket;
}

function closing(code: number): CloseEvent {
  return { type: 'close', code, reason: '', wasClean: false } as CloseEvent;
}

const CLOSED = 3;

/** How long a browser without a network takes to say so. */
const REFUSED_AFTER_MS = 30;
