/** What the leading tab does for all: it holds the connection, and serves the tabs that ask. */

import type { Client, Platform } from '../api.js';
import { CHARS_WAITING_MAX, FRAMES_WAITING_MAX, LINKS_MAX } from './limits.js';
import { asUpMessage, type DownMessage, type LeaderStatus, type LobbyMessage } from './messages.js';
import { Mux } from './mux.js';
import type { MuxLink } from './mux-link.js';
import { Lobby, type TabScope } from './scope.js';

/** Makes the client that holds the connection. */
export type MakeUpstream = (openSocket: Platform['openSocket']) => Client;

export class TabServer {
  readonly upstream: Client;
  readonly #scope: TabScope;
  readonly #id: string;
  readonly #lobby: Lobby;
  readonly #links = new Map<string, ServedTab>();
  readonly #stopStatus: () => void;
  #mux: Mux | undefined;
  #isOver = false;

  constructor(scope: TabScope, openSocket: Platform['openSocket'], makeUpstream: MakeUpstream) {
    this.#scope = scope;
    this.#id = scope.newName();
    this.upstream = makeUpstream((url, protocols) => this.#open(openSocket(url, protocols)));
    this.#lobby = new Lobby(scope, (message) => this.#hear(message));
    this.#stopStatus = this.upstream.subscribe(() => this.#changed());
    this.#tell();
  }

  /** Gives up the lead: the tabs find another leader, and ask it again. */
  close(): Promise<void> {
    this.#isOver = true;
    this.#stopStatus();
    for (const tab of [...this.#links.values()]) {
      tab.end(1012, 'another tab leads');
    }
    this.#lobby.close();
    return this.upstream.close();
  }

  #hear(message: LobbyMessage): void {
    if (message.type === 'open') {
      this.#welcome(message.link);
    } else if (message.type === 'who') {
      this.#tell();
    } else if (message.type === 'retry' && (message.always || this.upstream.state === 'error')) {
      this.upstream.reconnect();
    }
  }

  #welcome(name: string): void {
    if (this.#links.has(name)) {
      this.#links.get(name)?.post({ type: 'wait' });
      return;
    }
    const tab = new ServedTab(this.#scope, name, () => this.#links.delete(name));
    if (this.#links.size >= LINKS_MAX) {
      tab.end(1013, `at most ${LINKS_MAX} tabs`);
      return;
    }
    this.#links.set(name, tab);
    tab.post({ type: 'wait' });
    this.#tell();
    if (this.#mux !== undefined) {
      tab.serve(this.#mux);
    } else if (this.upstream.state === 'error') {
      tab.end(...this.#gaveUp()); // A tab that means it says so (`retry`).
    } else {
      this.upstream.connect().catch(() => undefined); // What it comes to is told as the status.
    }
  }

  #open(socket: ReturnType<Platform['openSocket']>): Mux['socket'] {
    const mux = new Mux(socket, {
      up: () => this.#up(mux),
      down: () => {
        if (this.#mux === mux) {
          this.#mux = undefined;
        }
        return this.upstream.state === 'error' ? this.#gaveUp() : [1012, 'the connection was lost'];
      },
    });
    return mux.socket;
  }

  /** The newest connection serves who comes from now on; an older one serves its tabs until the engine leaves it. */
  #up(mux: Mux): void {
    this.#mux = mux;
    for (const tab of this.#links.values()) {
      tab.serve(mux);
    }
  }

  #changed(): void {
    this.#tell();
    if (this.upstream.state === 'error') {
      for (const tab of [...this.#links.values()]) {
        tab.end(...this.#gaveUp());
      }
    }
  }

  #gaveUp(): [code: number, reason: string] {
    return [GAVE_UP, this.upstream.getSnapshot().lastError?.message.slice(0, 120) ?? ''];
  }

  #tell(): void {
    if (this.#isOver) {
      return;
    }
    const { state, attempts, nextAttemptAt, latencyMs, quality, lastError } = this.upstream.getSnapshot();
    // An error of a class does not pass between tabs as what it is.
    const plain = lastError && {
      kind: lastError.kind,
      message: lastError.message,
      cause: lastError.cause,
      code: lastError.code,
      retrying: lastError.retrying,
      at: lastError.at,
    };
    const status: LeaderStatus = { state, attempts, nextAttemptAt, latencyMs, quality, lastError: plain };
    this.#lobby.post({ type: 'lead', leader: this.#id, status });
  }
}

/** A tab that asked to be served. */
class ServedTab {
  readonly #channel: BroadcastChannel;
  readonly #watch = new AbortController();
  readonly #ended: () => void;
  #link: MuxLink | undefined;
  /** How long each frame is that it has not taken. */
  #waiting: number[] = [];
  #chars = 0;
  #isOver = false;

  constructor(scope: TabScope, name: string, ended: () => void) {
    this.#ended = ended;
    this.#channel = scope.broadcast(`${scope.name}:link:${name}`);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => this.#hear(data);
    // The tab holds this lock while it lives; shared, as nobody else shall wait for us.
    const options: LockOptions = { mode: 'shared', signal: this.#watch.signal };
    scope.locks.request(`${scope.name}:link:${name}`, options, () => this.#leave()).catch(() => undefined);
  }

  /** Serves it by this connection, unless it is served. */
  serve(mux: Mux): void {
    if (this.#link === undefined && !this.#isOver) {
      this.#link = mux.link({
        send: (text) => this.#send(text),
        close: (code, reason) => this.#close(code, reason),
      });
      this.post({ type: 'opened' });
    }
  }

  post(message: DownMessage): void {
    if (!this.#isOver) {
      this.#channel.postMessage(message);
    }
  }

  end(code: number, reason: string): void {
    this.#link?.leave();
    this.#close(code, reason);
  }

  #hear(data: unknown): void {
    const message = asUpMessage(data);
    if (message?.type === 'frame') {
      this.#link?.hear(message.text);
    } else if (message?.type === 'taken') {
      for (const chars of this.#waiting.splice(0, message.frames)) {
        this.#chars -= chars;
      }
    } else if (message?.type === 'close') {
      this.#leave();
    }
  }

  #send(text: string): void {
    this.#waiting.push(text.length);
    this.#chars += text.length;
    if (this.#waiting.length > FRAMES_WAITING_MAX || this.#chars > CHARS_WAITING_MAX) {
      this.end(1013, 'the tab does not take what comes');
      return;
    }
    this.post({ type: 'frame', text });
  }

  #close(code: number, reason: string): void {
    this.post({ type: 'close', code, reason });
    this.#leave();
  }

  #leave(): void {
    if (this.#isOver) {
      return;
    }
    this.#isOver = true;
    this.#link?.leave();
    this.#watch.abort();
    this.#channel.onmessage = null;
    this.#channel.close();
    this.#ended();
  }
}

/** The first code of those that end a connection for good (docs/reference/protocol-frames.md). */
const GAVE_UP = 4500;
