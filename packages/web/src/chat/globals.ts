/** One pair of managers for a page, within reach of its console. */

import { ChatWebSocketManager } from './chat.js';
import { StatusWebSocketManager } from './status.js';

/** Where the managers are put: `window`. */
export interface ManagerGlobals {
  ChatWebSocket?: ChatWebSocketManager | undefined;
  StatusWebSocket?: StatusWebSocketManager | undefined;
}

export interface InstalledManagers {
  readonly chat: ChatWebSocketManager;
  readonly status: StatusWebSocketManager;
  /** Disconnects both and takes them off the page. */
  uninstall(): void;
}

/**
 * Makes `window.ChatWebSocket` and `window.StatusWebSocket`. A page that does it twice (a script that is loaded twice)
 * keeps its first ones: two would answer each message twice.
 *
 * @throws TypeError when other managers than those given are there already.
 */
export function installGlobals(
  managers: { readonly chat?: ChatWebSocketManager; readonly status?: StatusWebSocketManager } = {},
  target: ManagerGlobals = globalThis as ManagerGlobals,
): InstalledManagers {
  const chat = pick('ChatWebSocket', target.ChatWebSocket, managers.chat) ?? new ChatWebSocketManager();
  const status = pick('StatusWebSocket', target.StatusWebSocket, managers.status) ?? new StatusWebSocketManager();
  target.ChatWebSocket = chat;
  target.StatusWebSocket = status;
  const uninstall = () => {
    chat.disconnect();
    status.disconnect();
    if (target.ChatWebSocket === chat) {
      delete target.ChatWebSocket;
    }
    if (target.StatusWebSocket === status) {
      delete target.StatusWebSocket;
    }
  };
  return { chat, status, uninstall };
}

function pick<T>(name: string, there: T | undefined, given: T | undefined): T | undefined {
  if (there !== undefined && given !== undefined && there !== given) {
    throw new TypeError(`\`${name}\` is there already, and it is another one; accepted: one for each page`);
  }
  return there ?? given;
}
