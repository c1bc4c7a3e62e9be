/** What the tabs of one shared connection have in common. */

import type { StorageEnvironment } from '../storage/environment.js';
import { asLobbyMessage, type LobbyMessage } from './messages.js';

/** The browser's parts, and a name that the tabs share. */
export interface TabScope {
  /** Begins all names of locks and broadcast channels. */
  readonly name: string;
  readonly locks: LockManager;
  readonly broadcast: NonNullable<StorageEnvironment['broadcast']>;
  readonly setTimer: StorageEnvironment['setTimer'];
  /** A name that nobody else has. */
  newName(): string;
}

/** Where all tabs hear each other. */
export class Lobby {
  readonly #channel: BroadcastChannel;

  constructor(scope: TabScope, hear: (message: LobbyMessage) => void) {
    this.#channel = scope.broadcast(scope.name);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = asLobbyMessage(data);
      if (message !== undefined) {
        hear(message);
      }
    };
  }

  post(message: LobbyMessage): void {
    this.#channel.postMessage(message);
  }

  close(): void {
    this.#channel.onmessage = null;
    this.#channel.close();
  }
}
