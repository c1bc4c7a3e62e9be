/**
 * A tab that speaks frames by hand, and a leader's connection that does nothing but greet: what stands between them is
 * tested without an engine on either side.
 */

import type { Client, ConnectionSnapshot, Platform, SocketLike } from '../../src/api.js';
import { decodeReply } from '../../src/codec/v1/decode.js';
import { encodeRequest, quote } from '../../src/codec/v1/encode.js';
import type { Cursor } from '../../src/engine/types.js';
import { Election } from '../../src/tabs/election.js';
import type { TabScope } from '../../src/tabs/scope.js';
import { TabServer } from '../../src/tabs/server.js';
import { TabSocket } from '../../src/tabs/socket.js';
import {
  EverlinkServer,
  type EverlinkServerOptions,
  type VirtualPlatform,
  virtualPlatform,
} from '../../src/testing.js';
import { Actor, Air } from './actors.js';
import { LockTable } from './locks.js';

const ADDRESS = 'wss://chat.test/ws';
const CHANNEL = 'room/1';

export class RawBrowser {
  readonly world: VirtualPlatform = virtualPlatform();
  readonly server: EverlinkServer;
  readonly locks = new LockTable();
  readonly air = new Air();
  names = 0;

  constructor(options: EverlinkServerOptions = {}) {
    this.server = new EverlinkServer(this.world, ADDRESS, options);
  }
}

export class RawTab {
  readonly actor: Actor;
  readonly election: Election;
  readonly read: unknown[] = [];
  readonly replies: Record<string, unknown>[] = [];
  readonly closes: number[] = [];
  readonly #browser: RawBrowser;
  readonly #scope: TabScope;
  readonly #producer: string;
  readonly #unacked = new Map<number, string>();
  #sockets: { cut(): void }[] = [];
  #socket: TabSocket | undefined;
  #cursor: Cursor | undefined;
  #epoch = 0;
  #sequence = 0;
  isOpen = false;

  constructor(browser: RawBrowser) {
    this.#browser = browser;
    this.actor = new Actor(browser.locks, browser.air);
    this.#scope = {
      name: 'tabs',
      locks: this.actor.locks,
      broadcast: (name) => this.actor.channel(name),
      setTimer: (delayMs, run) =>
        browser.world.setTimer(browser.world.now() + delayMs, () => this.actor.run(run)),
      newName: () => {
        browser.names += 1;
        return `n${browser.names}`;
      },
    };
    this.#producer = this.#scope.newName();
    let server: TabServer | undefined;
    this.election = new Election(this.#scope, {
      won: () => {
        server = new TabServer(
          this.#scope,
          (url, protocols) => this.#open(url, protocols),
          (open) => new Greeter(open, this.#scope).client,
        );
      },
      lost: () => void server?.close(),
    });
    this.election.start();
    this.#dial();
  }

  /** Whether the server has told it where the channel is. */
  get isReading(): boolean {
    return this.isOpen && this.#cursor !== undefined;
  }

  get unacked(): number {
    return this.#unacked.size;
  }

  publish(payload: string): void {
    this.#sequence += 1;
    const frame = {
      type: 'publish',
      channel: CHANNEL,
      sequence: this.#sequence,
      payload: JSON.stringify(payload),
    } as const;
    const text = encodeRequest(frame);
    this.#unacked.set(this.#sequence, text);
    this.say(text);
  }

  say(text: string): void {
    if (this.isOpen) {
      this.#socket?.send(text);
    }
  }

  kill(): void {
    this.actor.kill();
    for (const socket of this.#sockets) {
      socket.cut();
    }
  }

  #dial(): void {
    const socket = new TabSocket(this.#scope, {
      unanswered: () => this.election.contend(),
      ended: () => undefined,
    });
    this.#socket = socket;
    socket.onopen = () => {
      const place =
        this.#cursor === undefined ? { channel: CHANNEL } : { channel: CHANNEL, from: this.#cursor };
      const hello = {
        type: 'hello',
        version: 1,
        client: 'c',
        producer: this.#producer,
        channels: [place],
      } as const;
      socket.send(encodeRequest(hello));
    };
    socket.onmessage = ({ data }) => this.#hear(String(data));
    socket.onclose = ({ code }) => {
      this.isOpen = false;
      this.closes.push(code);
      this.#scope.setTimer(50, () => this.#dial());
    };
    this.#watch(socket);
  }

  /** What an engine's heartbeat does: a link on which nobody answers is left. */
  #watch(socket: TabSocket): void {
    const heard = this.replies.length;
    this.#scope.setTimer(10_000, () => {
      if (this.#socket !== socket) {
        return;
      }
      if (this.isOpen) {
        socket.send(encodeRequest({ type: 'ping', nonce: 1 }));
      }
      this.#scope.setTimer(5_000, () => {
        if (this.#socket === socket && this.isOpen && this.replies.length === heard) {
          socket.lose(1006, 'silent');
        } else if (this.#socket === socket) {
          this.#watch(socket);
        }
      });
    });
  }

  #hear(text: string): void {
    const reply = decodeReply(text, 2 ** 24);
    this.replies.push(reply as unknown as Record<string, unknown>);
    if (reply.type === 'welcome') {
      this.isOpen = true;
      for (const unacked of this.#unacked.values()) {
        this.say(unacked);
      }
    } else if (reply.type === 'subscribeOk') {
      this.#epoch = reply.epoch;
      this.#cursor ??= { epoch: reply.epoch, offset: reply.head };
    } else if (reply.type === 'gap') {
      this.#epoch = reply.epoch ?? this.#epoch;
      this.#cursor = { epoch: this.#epoch, offset: reply.to };
    } else if (reply.type === 'message') {
      if (this.#cursor?.epoch !== this.#epoch || reply.offset !== this.#cursor.offset + 1) {
        throw new Error(`at ${quote(JSON.stringify(this.#cursor))} came ${text}`);
      }
      this.#cursor = { epoch: this.#epoch, offset: reply.offset };
      this.read.push(reply.payload);
    } else if (reply.type === 'ack') {
      for (const sequence of [...this.#unacked.keys()].filter((known) => known <= reply.sequence)) {
        this.#unacked.delete(sequence);
      }
    }
  }

  #open(url: string, protocols: readonly string[]): SocketLike {
    const socket = this.#browser.world.openSocket(url, protocols);
    this.#sockets.push(socket as unknown as { cut(): void });
    return new Proxy(socket, {
      get: (target, key) => {
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
      set: (target, key, value: unknown) => {
        const handler = value as ((event: unknown) => void) | null;
        const isHandler = String(key).startsWith('on') && handler !== null;
        return Reflect.set(
          target,
          key,
          isHandler ? (event: unknown) => this.actor.run(() => handler(event)) : value,
        );
      },
    });
  }
}

/** Holds a connection: greets, and dials again 100 ms after a loss. */
class Greeter {
  readonly client: Client;
  #state: 'closed' | 'connecting' | 'connected' = 'closed';
  #socket: SocketLike | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #openSocket: Platform['openSocket'];
  readonly #scope: TabScope;

  constructor(openSocket: Platform['openSocket'], scope: TabScope) {
    this.#openSocket = openSocket;
    this.#scope = scope;
    const state = () => this.#state;
    this.client = {
      get state() {
        return state();
      },
      connect: async () => this.#state === 'closed' && this.#dial(),
      reconnect: () => this.#socket?.close(),
      close: async () => {
        this.#set('closed');
        this.#socket?.close();
      },
      subscribe: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      getSnapshot: () => ({ state: this.#state, attempts: 0, quality: 'good' }) as ConnectionSnapshot,
    } as unknown as Client;
  }

  #dial(): void {
    this.#set('connecting');
    const socket = this.#openSocket(ADDRESS, ['everlink.v1.json']);
    this.#socket = socket;
    socket.onopen = () =>
      socket.send(
        encodeRequest({
          type: 'hello',
          version: 1,
          client: 'leader',
          producer: this.#scope.newName(),
          channels: [],
        }),
      );
    socket.onmessage = () => this.#set('connected');
    socket.onclose = () => {
      if (this.#state !== 'closed') {
        this.#set('connecting');
        this.#scope.setTimer(100, () => this.#state !== 'closed' && this.#dial());
      }
    };
  }

  #set(state: 'closed' | 'connecting' | 'connected'): void {
    if (state !== this.#state) {
      this.#state = state;
      for (const listener of this.#listeners) {
        listener();
      }
    }
  }
}
