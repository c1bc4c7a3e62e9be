/** A socket that ends in the leading tab: to the engine of a tab it is like any other. */

import type { SocketLike } from '../api.js';
import { SUBPROTOCOL } from '../codec/v1/frames.js';
import { ANSWER_MS, ASK_AGAIN_MS, FRAMES_TAKEN_STEP } from './limits.js';
import { asDownMessage, type DownMessage, type LobbyMessage, type UpMessage } from './messages.js';
import { Lobby, type TabScope } from './scope.js';

export interface TabSocketHost {
  /** Nobody answers in time. */
  unanswered(): void;
  /** It is over. */
  ended(): void;
}

/** A tab's way to its leader. */
export class TabSocket implements SocketLike {
  binaryType: BinaryType = 'arraybuffer';
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  /** The browser counts nothing here; what is given is with the leader in a moment. */
  readonly bufferedAmount = 0;
  readonly #scope: TabScope;
  readonly #host: TabSocketHost;
  readonly #link: string;
  readonly #life = new AbortController();
  #release: (() => void) | undefined;
  #lobby: Lobby | undefined;
  #channel: BroadcastChannel | undefined;
  #cancelTimer: (() => void) | undefined;
  #leader: string | undefined;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #taken = 0;

  constructor(scope: TabScope, host: TabSocketHost) {
    this.#scope = scope;
    this.#host = host;
    this.#link = scope.newName();
    this.#live();
  }

  get readyState(): SocketLike['readyState'] {
    return { connecting: 0, open: 1, closed: 3 }[this.#state] as SocketLike['readyState'];
  }

  get protocol(): string {
    return this.#state === 'open' ? SUBPROTOCOL : '';
  }

  send(data: Parameters<SocketLike['send']>[0]): void {
    if (this.#state === 'open') {
      this.#post({ type: 'frame', text: String(data) });
    }
  }

  close(): void {
    if (this.#state !== 'closed') {
      this.#post({ type: 'close' });
      this.#end(1000, '');
    }
  }

  /** The page is put away, or its leader is gone: ends it as a network would. */
  lose(code: number, reason: string): void {
    if (this.#state !== 'closed') {
      this.#post({ type: 'close' });
      this.#end(code, reason);
    }
  }

  /** Holds a lock first, by which the leader learns when this tab ends. */
  #live(): void {
    const { locks, name } = this.#scope;
    const held = () =>
      new Promise<void>((release) => {
        this.#release = release;
        if (this.#state === 'closed') {
          release();
        } else {
          this.#begin();
        }
      });
    locks
      .request(`${name}:link:${this.#link}`, { signal: this.#life.signal }, held)
      .catch((error: unknown) => {
        if (this.#state !== 'closed') {
          this.#end(1006, String(error));
        }
      });
  }

  #begin(): void {
    this.#channel = this.#scope.broadcast(`${this.#scope.name}:link:${this.#link}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(asDownMessage(data));
    this.#lobby = new Lobby(this.#scope, (message) => this.#hearLobby(message));
    this.#ask();
  }

  #ask(): void {
    this.#lobby?.post({ type: 'open', link: this.#link });
    this.#cancelTimer?.();
    this.#cancelTimer = this.#scope.setTimer(ANSWER_MS, () => {
      this.#cancelTimer = undefined;
      this.#host.unanswered();
    });
  }

  #hearLobby(message: LobbyMessage): void {
    if (message.type !== 'lead') {
      return;
    }
    const isNew = message.leader !== this.#leader;
    if (isNew && this.#state === 'connecting') {
      this.#leader = message.leader;
      this.#ask();
    } else if (isNew && this.#leader !== undefined) {
      this.lose(1012, 'another tab leads');
    }
    this.#leader = message.leader;
  }

  #hear(message: DownMessage | undefined): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (message?.type === 'opened' && this.#state === 'connecting') {
      this.#state = 'open';
      this.onopen?.call(this as never, new Event('open'));
    } else if (message?.type === 'wait' && this.#state === 'connecting') {
      // Nothing else would tell that the leader froze while it waits for the server.
      this.#cancelTimer = this.#scope.setTimer(ASK_AGAIN_MS, () => this.#ask());
    } else if (message?.type === 'frame' && this.#state === 'open') {
      this.#take();
      this.onmessage?.call(this as never, new MessageEvent('message', { data: message.text }));
    } else if (message?.type === 'close') {
      this.#end(message.code, message.reason);
    }
  }

  #take(): void {
    this.#taken += 1;
    if (this.#taken >= FRAMES_TAKEN_STEP) {
      this.#post({ type: 'taken', frames: this.#taken });
      this.#taken = 0;
    }
  }

  #post(message: UpMessage): void {
    this.#channel?.postMessage(message);
  }

  #end(code: number, reason: string): void {
    this.#state = 'closed';
    this.#cancelTimer?.();
    this.#life.abort();
    this.#release?.();
    this.#lobby?.close();
    if (this.#channel !== undefined) {
      this.#channel.onmessage = null;
      this.#channel.close();
    }
    this.#host.ended();
    // As a socket does it: not before whoever closes it has returned.
    queueMicrotask(() =>
      this.onclose?.call(this as never, { code, reason, wasClean: code !== 1006 } as CloseEvent),
    );
  }
}
